// Claims of node/deploy/docker: the image runs without rights and says whether its node is alive, nothing private gets
// into it, and Docker Compose understands the file of three hospitals.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { HTTP_PORT_DEFAULT } from '../../../node/config/config.ts'

const ROOT = join(import.meta.dirname, '../../..')
const FOLDER = join(ROOT, 'node/deploy/docker')

/** Instructions of a Dockerfile, with continued lines joined. */
async function instructions(): Promise<string[]> {
  const text = await readFile(join(FOLDER, 'Dockerfile'), 'utf8')
  return text
    .replaceAll('\\\n', '')
    .split('\n')
    .filter(line => /^[A-Z]+ /.test(line))
}

test('the image runs as a numbered user without rights, from a stage that has no sources', async t => {
  const all = await instructions()
  const last = all.slice(all.findLastIndex(line => line.startsWith('FROM ')))
  t.true(last.some(line => /^USER [1-9]\d*:[1-9]\d*$/.test(line)))
  t.deepEqual(
    last.filter(line => line.startsWith('COPY ')),
    ['COPY --from=installed /opt/confrere /opt/confrere'],
  )
})

test('the health check says yes of a node that is alive, and no of one that is not or does not answer', async t => {
  const check = (await instructions()).find(line => line.startsWith('HEALTHCHECK '))!
  const [command, ...args] = JSON.parse(check.slice(check.indexOf('['))) as [string, ...string[]]
  t.is(command, 'node')
  t.true(args[1]!.includes(`:${HTTP_PORT_DEFAULT}/livez`))
  let status = 200
  const server = createServer((_, response) => response.writeHead(status).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answer = async (): Promise<number> => {
    const code = args[1]!.replace(String(HTTP_PORT_DEFAULT), String(port))
    return (await once(spawn(process.execPath, [args[0]!, code]), 'exit'))[0]
  }
  t.is(await answer(), 0)
  status = 503
  t.is(await answer(), 1)
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  t.is(await answer(), 1)
})

test('keys and records never go into an image', async t => {
  const ignored = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n')
  for (const name of ['.git', 'node_modules', '*.npz', '**/identity.key']) t.true(ignored.includes(name), name)
})

const compose = (...args: string[]) => spawnSync('docker', ['compose', ...args], { encoding: 'utf8' })
const there = compose('version').status === 0
const checked = there ? test : test.skip

checked(`three hospitals without rights, on read-only roots${there ? '' : ' (skipped: no docker compose)'}`, t => {
  const { status, stdout, stderr } = compose('--file', join(FOLDER, 'compose.yml'), 'config', '--format', 'json')
  t.is(status, 0, stderr)
  const { services } = JSON.parse(stdout)
  t.is(Object.keys(services).length, 3)
  for (const [name, service] of Object.entries<Record<string, unknown>>(services)) {
    t.like(service, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] }, name)
    t.false('ports' in service)
    const volumes = service['volumes'] as { source: string; target: string; read_only?: boolean }[]
    t.true(volumes.some(({ source, target }) => source === name && target === '/data'))
    t.true(volumes.every(({ target, read_only }) => target === '/data' || read_only === true))
  }
})
