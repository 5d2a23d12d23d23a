// Claims of node/datasets/dicomweb/client.ts and credentials.ts: credentials go over a trusted connection or not at all, and
// nothing that prints holds them.
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import { PacsClient, type PacsOptions, type PacsRequest } from '../../../../node/datasets/dicomweb/client.ts'
import { PacsCredentials, readCredentials } from '../../../../node/datasets/dicomweb/credentials.ts'
import { instanceKey } from '../../../../node/datasets/dicomweb/instance-key.ts'
import { PacsError } from '../../../../node/datasets/dicomweb/pacs-error.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'
import { serve } from './fake-pacs.ts'

const SECRET = 'hunter2'
const REQUEST: PacsRequest = {
  path: '/studies',
  accept: 'application/dicom+json',
  types: ['application/dicom+json'],
  bytesMax: 1000,
  msMax: 1000,
  once: true,
}
const CLOCK = { timeout: () => new AbortController().signal, pause: async () => undefined }
const ask = (options: PacsOptions) => new PacsClient({ clock: CLOCK, ...options }).get(REQUEST)
const text = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString()

function openssl(folder: string, name: string): boolean {
  const make = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=${name} -addext subjectAltName=DNS:${name}`
  try {
    execFileSync('openssl', [...make.split(' '), '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}

test('a certificate is trusted by the authority that the operator names, for its host alone, and by no other', async t => {
  const folder = await temporaryFolder(t)
  if (!openssl(folder, 'localhost')) return t.pass('skipped: there is no openssl')
  const [key, cert] = await Promise.all(['key', 'cert'].map(name => readFile(join(folder, name), 'utf8')))
  const asked: (string | undefined)[] = []
  const server = createServer({ key: key!, cert: cert! }, (request, response) => {
    asked.push(request.headers.authorization)
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end('[]')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const credentials = new PacsCredentials(`bearer ${SECRET}`)
  const url = `https://localhost:${port}/dicom-web`
  t.is(text((await ask({ url, credentials, authority: cert! }))?.body), '[]')
  t.deepEqual(asked, [`Bearer ${SECRET}`])
  const untrusted = { instanceOf: PacsError, code: 'pacs-certificate' } as const
  await t.throwsAsync(ask({ url, credentials }), untrusted)
  await t.throwsAsync(ask({ url: `https://127.0.0.1:${port}`, credentials, authority: cert! }), untrusted)
  await mkdir(join(folder, 'other'))
  t.true(openssl(join(folder, 'other'), 'localhost'))
  const other = await readFile(join(folder, 'other', 'cert'), 'utf8')
  await t.throwsAsync(ask({ url, credentials, authority: other }), untrusted)
  for (const authority of ['', 'x', '-----BEGIN CERTIFICATE-----\nx\n', key!]) {
    t.throws(() => new PacsClient({ url, authority }), { code: 'pacs-settings' })
  }
  t.is(asked.length, 1)
})

test('an address with credentials, of another scheme or without encryption is refused and not repeated', t => {
  const credentials = new PacsCredentials(`basic me:${SECRET}`)
  const cases: [string, RegExp][] = [
    [`https://me:${SECRET}@pacs.example/dicom-web`, /holds a name or a password/],
    [`https://${SECRET}@pacs.example/dicom-web`, /holds a name or a password/],
    [`https://pacs.example/dicom-web?token=${SECRET}`, /more than a path/],
    [`https://pacs.example/dicom-web#${SECRET}`, /more than a path/],
    [`ftp://pacs.example/${SECRET}`, /no http or https/],
    [SECRET, /no http or https/],
    ['http://pacs.example/dicom-web', /Images and a password would cross the network unencrypted/],
    ['http://127.0.0.1.pacs.example/', /unencrypted/],
    ['http://localhost.pacs.example/', /unencrypted/],
  ]
  for (const [url, message] of cases) {
    const error = t.throws(() => new PacsClient({ url, credentials }), { instanceOf: PacsError, message })
    t.is(error.exitCode, 2)
    t.false(inspect(error, { depth: 9 }).includes(SECRET))
  }
  new PacsClient({ url: 'http://pacs.example/dicom-web', credentials, unencrypted: true }).close()
  for (const host of ['localhost', '127.0.0.1:8042', '[::1]']) new PacsClient({ url: `http://${host}/` }).close()
})

test('an address may end in slashes', async t => {
  const asked: string[] = []
  const url = await serve(t, (request, response) => {
    asked.push(request.url!)
    response.writeHead(204).end()
  })
  for (const end of ['', '/', '/a', '/a//']) t.is(await ask({ url: `${url}${end}` }), null)
  t.deepEqual(asked, ['/studies', '/studies', '/a/studies', '/a/studies'])
})

test('what speaks no HTTP, or nothing at all, ends in an error without its words', async t => {
  const server = createTcpServer(socket => {
    socket.on('error', () => undefined)
    socket.resume().end(`220 ${SECRET} mail ready\r\n`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  for (const [scheme, message] of [
    ['http', /does not speak HTTP/],
    ['https', /does not speak https/],
  ] as const) {
    const error = await t.throwsAsync(ask({ url: `${scheme}://127.0.0.1:${port}` }), { code: 'pacs-answer', message })
    t.false(inspect(error, { depth: 9, showHidden: true }).includes(SECRET))
  }
  // it listens no more
  server.close()
  await t.throwsAsync(ask({ url: `http://127.0.0.1:${port}` }), { code: 'pacs-gone', message: /ECONNREFUSED/ })
})

test('a length that is not kept is a lost connection', async t => {
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/dicom+json', 'content-length': '100' })
    response.write('[]', () => response.destroy())
  })
  await t.throwsAsync(ask({ url }), { code: 'pacs-gone', message: /broke off/ })
})

test('credentials come from a file of the owner alone, have two forms, and print as nothing', async t => {
  const path = join(await temporaryFolder(t), 'pacs')
  await writeFile(path, `basic me:caf\u00e9:${SECRET}\n`, { mode: 0o600 })
  const credentials = await readCredentials(path)
  t.is(credentials.authorization(), `Basic ${Buffer.from(`me:caf\u00e9:${SECRET}`).toString('base64')}`)
  for (const shown of [inspect(credentials, { showHidden: true }), JSON.stringify({ credentials }), `${credentials}`]) {
    t.regex(shown, /\[credentials\]/)
    t.false(shown.includes(SECRET))
  }
  t.is(new PacsCredentials(`Bearer ${SECRET}.x-y_z==`).authorization(), `Bearer ${SECRET}.x-y_z==`)
  for (const line of [
    '',
    SECRET,
    `digest ${SECRET}`,
    `basic ${SECRET}`,
    `bearer ${SECRET} x`,
    `bearer ${SECRET}\r\nX: y`,
  ]) {
    const error = t.throws(() => new PacsCredentials(line), { code: 'pacs-settings' })
    t.false(inspect(error).includes(SECRET))
  }
  await chmod(path, 0o640)
  await t.throwsAsync(readCredentials(path), { code: 'pacs-settings', message: /Others can read/ })
  await writeFile(path, 'x'.repeat(2 ** 15))
  await t.throwsAsync(readCredentials(path), { code: 'pacs-settings', message: /no short file/ })
  await t.throwsAsync(readCredentials(`${path}/x`), { code: 'pacs-settings', message: /cannot be read/ })
})

test('the key of an instance is a hash under the key of the hospital', t => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  t.regex(instanceKey(one, '1.2.3'), /^[0-9a-f]{32}$/)
  t.is(instanceKey(one, '1.2.3'), instanceKey(one, '1.2.3'))
  t.is(new Set([instanceKey(one, '1.2.3'), instanceKey(other, '1.2.3'), instanceKey(one, '1.2.4')]).size, 3)
})
