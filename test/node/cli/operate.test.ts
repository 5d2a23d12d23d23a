// Claims of the commands for a running node: `stop` ends exactly the process that runs on the folder and waits for its
// end; `logs` shows whole last lines and says where the log is otherwise; `peers`, `rounds` and `dashboard` show what the
// node answers.

import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { EXIT } from '../../../node/errors.ts'
import { confrere, fails, works } from '../../helpers/cli.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const PID_MODULE = join(import.meta.dirname, '../../../node/storage/pid-file.ts')

/** A process that notes itself on a folder, and ends at SIGTERM unless it is stubborn. */
async function runningOn(t: ExecutionContext, folder: string, { stubborn = false } = {}) {
  const ending = stubborn ? "process.on('SIGTERM', () => {})" : ''
  const text = `import { notePid } from ${JSON.stringify(PID_MODULE)}; ${ending}; await notePid(${JSON.stringify(folder)}); console.log('noted'); setInterval(() => {}, 1e6)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<string | null>(resolve => child.once('exit', (_, signal) => resolve(signal)))
  await new Promise(resolve => child.stdout.once('data', resolve))
  return { pid: child.pid, ended }
}

test('stop ends the process on the folder; without one it says so', async t => {
  const folder = await temporaryFolder(t)
  t.regex(await fails(t, EXIT.nodeUnreachable, 'stop', '--data', folder), /No node runs on/)
  const { pid, ended } = await runningOn(t, folder)
  t.deepEqual(JSON.parse(await works(t, 'stop', '--data', folder, '--json')), { schemaVersion: 1, stopped: true, pid })
  t.is(await ended, 'SIGTERM')
  t.regex(await fails(t, EXIT.nodeUnreachable, 'stop', '--data', folder), /No node runs on/)
})

test('stop gives up after its time, and says what more can be done', async t => {
  const folder = await temporaryFolder(t)
  await runningOn(t, folder, { stubborn: true })
  t.regex(await fails(t, EXIT.timedOut, 'stop', '--data', folder, '--wait', '1'), /not ended within 1 s[\s\S]*--now/)
})

test('logs shows the last whole lines, or where else the log is', async t => {
  const folder = await temporaryFolder(t)
  t.regex(await fails(t, EXIT.dataUnreadable, 'logs', '--data', folder), /no log file[\s\S]*journalctl --unit confrere/)
  await mkdir(join(folder, 'logs'))
  await writeFile(join(folder, 'logs', 'confrere.log'), 'one\ntwo\nthree\nhalf')
  t.is(await works(t, 'logs', '--data', folder), 'one\ntwo\nthree\n')
  t.is(await works(t, 'logs', '--data', folder, '--lines', '2'), 'two\nthree\n')
})

/** A server with fixed answers, and a data folder whose config names it. */
async function answering(t: ExecutionContext, answers: Record<string, unknown>) {
  const asked: { method: string | undefined; authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    const { method, headers } = request
    asked.push({ method, authorization: headers.authorization })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers[request.url ?? ''] ?? null))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const folder = await temporaryFolder(t)
  const { port } = server.address() as AddressInfo
  await writeFile(join(folder, 'config.toml'), `site = "A"\n[http]\nport = ${port}\n`)
  return { folder, asked, url: `http://127.0.0.1:${port}` }
}

test('peers and rounds show what the node answers', async t => {
  const peers = [
    { peer: 'P0', site: 'Here', state: 'self', reason: null },
    { peer: 'P1', site: 'There', state: 'absent', reason: 'another version' },
  ]
  const record = { outcome: 'result', views: 1, contributors: ['a'], checkpoint: 'c'.repeat(64), durationMs: 1500 }
  const rounds = [1, 2, 3].map(round => ({ round, ...record }))
  const reached = { how: 'relay', through: 'C', text: 'through C, which sees ciphertext only' }
  const failedDial = { text: '/ip4/192.0.2.7/tcp/7419: no answer in time', since: '2026-01-01T00:00:00.000Z' }
  const { folder, url } = await answering(t, {
    '/v1/status': { study: 's', studyName: 'X-rays', peers },
    '/v1/peers': { peers: [{ peer: 'P1', reached, failedDial }] },
    '/v1/rounds': rounds,
    '/v1/rounds?since=2': rounds.slice(2),
  })
  t.deepEqual(JSON.parse(await works(t, 'peers', '--url', url, '--json')).peers, [
    { ...peers[0], reached: null, failedDial: null },
    { ...peers[1], reached, failedDial },
  ])
  const said = await works(t, 'peers', '--data', folder)
  t.regex(said, /absent {5}There {2}P1: another version\n {4}reached through C, which sees ciphertext only\n/)
  t.regex(said, /\n {4}\/ip4\/192\.0\.2\.7\/tcp\/7419: no answer in time \(2026-01-01T00:00:00\.000Z\)/)
  t.deepEqual(JSON.parse(await works(t, 'rounds', '--url', url, '--last', '2', '--json')).rounds, rounds.slice(1))
  t.is(
    (await works(t, 'rounds', '--url', url, '--since', '2')).trim(),
    'round    3  1 contributors, 1.5 s, checkpoint cccccccccccc',
  )
  t.regex(await fails(t, EXIT.usage, 'peers'), /Which node/)
})

test('dashboard asks with the token and prints the link', async t => {
  const { folder, asked, url } = await answering(t, { '/v1/login-links': { path: '/login?once=abc', expires: '' } })
  t.regex(await fails(t, EXIT.nodeUnreachable, 'dashboard', '--data', folder), /it has no http-token/)
  await writeFile(join(folder, 'http-token'), 'secret\n')
  const { code, stdout } = await confrere('dashboard', '--data', folder)
  t.is(code, 0)
  t.is(stdout.trim(), `${url}/login?once=abc`)
  t.deepEqual(asked, [{ method: 'POST', authorization: 'Bearer secret' }])
  t.is((await readFile(join(folder, 'http-token'), 'utf8')).trim(), 'secret')
})
