// Claims of node/cli/dashboard.ts and node-client.ts: the link logs in once, and whatever is wrong is one sentence.

import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { readConfig } from '../../../node/config/config.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { createEventFeed, startInterface } from '../../../node/http/interface.ts'
import { openNodeClient } from '../../../node/http/node-client.ts'
import { confrere, fails } from '../../helpers/cli.ts'
import { filledView, PEER, STUDY } from '../../helpers/http/filled-view.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** A node's interface on a data folder whose config names its port. */
async function started(t: ExecutionContext, lines = '', before = async (_folder: string) => {}) {
  const folder = await temporaryFolder(t)
  await before(folder)
  const write = (port: number) => writeFile(join(folder, 'config.toml'), `site = "S"\n[http]\nport = ${port}\n${lines}`)
  await write(0)
  const { http } = await readConfig(folder)
  const server = await startInterface({
    ...{ folder, config: http, peer: PEER, view: filledView(), events: createEventFeed() },
    ...{ metrics: () => '', onError: error => t.log(error) },
  })
  t.teardown(() => server.close())
  await write(server.port)
  return { folder, server }
}

test('the link logs a browser in, once', async t => {
  const { folder, server } = await started(t)
  const { code, stdout, stderr } = await confrere('dashboard', '--data', folder)
  t.is(code, 0, stderr)
  t.regex(stderr, /works once/)
  t.true(stdout.startsWith(`${server.url}/login?once=`))
  const open = () => fetch(stdout.trim(), { redirect: 'manual' })
  t.is((await open()).status, 303)
  t.is((await open()).status, 401)
  const json = JSON.parse((await confrere('dashboard', '--data', folder, '--json')).stdout) as { url: string }
  t.is((await fetch(json.url, { redirect: 'manual' })).status, 303)
})

test('without a node there is a sentence and exit code 9, and with port 0 one of exit code 3', async t => {
  const { folder, server } = await started(t)
  await server.close()
  t.regex(await fails(t, EXIT.nodeUnreachable, 'dashboard', '--data', folder), /No node answers/)
  const other = await temporaryFolder(t)
  await writeFile(join(other, 'config.toml'), 'site = "S"')
  t.regex(await fails(t, EXIT.nodeUnreachable, 'dashboard', '--data', other), /No node has run/)
  await writeFile(join(other, 'config.toml'), 'site = "S"\n[http]\nport = 0')
  await t.throwsAsync(openNodeClient({ data: other }), { instanceOf: OperatorError, code: 'port-unknown' })
})

test("the node's errors come through with their hint, and another program on its port is named as such", async t => {
  const { folder } = await started(t)
  const client = await openNodeClient({ data: folder })
  t.like(await client.call('POST', `/v1/studies/${STUDY}/approve`, { dataset: 'chest' }), {
    text: `Done: approve ${STUDY} with chest`,
  })
  const refused = await t.throwsAsync(client.call('POST', `/v1/studies/${STUDY}/leave`), { code: 'not-now' })
  t.is((refused as OperatorError).hint, 'Wait.')
  await t.throwsAsync(client.call('POST', '/v1/log-level', { level: 'loud' }), { code: 'bad-request' })
  const stranger = createServer((_, answer) => answer.end('<html>'))
  await new Promise<void>(resolve => stranger.listen(0, '127.0.0.1', resolve))
  t.teardown(() => stranger.close())
  const { port } = stranger.address() as AddressInfo
  const config = join(folder, 'config.toml')
  await writeFile(config, (await readFile(config, 'utf8')).replace(/port = \d+/, `port = ${port}`))
  const foreign = await openNodeClient({ data: folder })
  await t.throwsAsync(foreign.call('GET', '/v1/node'), { code: 'node-unreachable', message: /is not a node/ })
})

test('with TLS on all addresses the node of the same machine is asked by its own certificate', async t => {
  const lines = 'host = "0.0.0.0"\ntlsKey = "key.pem"\ntlsCertificate = "certificate.pem"\n'
  const make = async (folder: string) => {
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')]
    const wanted = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=node.example', ...files]
    await promisify(execFile)('openssl', wanted)
  }
  let found: Awaited<ReturnType<typeof started>>
  try {
    found = await started(t, lines, make)
  } catch (error) {
    if (error instanceof OperatorError) throw error
    t.log(`skipped: openssl makes no certificate here: ${error}`)
    t.pass()
    return
  }
  const client = await openNodeClient({ data: found.folder })
  t.regex(client.url, /^https:\/\/127\.0\.0\.1:/)
  t.like(await client.call('GET', '/v1/session'), { mayAct: true })
  // reading needs the token there, which "status" has by its data folder
  const { code, stdout, stderr } = await confrere('status', '--data', found.folder, '--json')
  t.is(code, 0, stderr)
  t.is((JSON.parse(stdout) as { peer: string }).peer, PEER)
})
