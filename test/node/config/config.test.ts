// Claims of config.ts and toml.ts in node/config: a config is read strictly; every error names the file and the key.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import { isLoopback, parseConfig, readConfig } from '../../../node/config/config.ts'
import { renderConfig } from '../../../node/config/config-template.ts'
import { editDistance, nearestKey } from '../../../node/config/toml.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { testSigners } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const FILE = '/somewhere/config.toml'
const parse = (text: string) => parseConfig(`site = "S"\n${text}`, FILE)

function refusal(text: string): OperatorError {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
  throw new Error(`accepted: ${text}`)
}

test('a site is enough, everything else has a default', t => {
  t.deepEqual(parse(''), {
    site: 'S',
    data: { file: null, split: 'train' },
    datasets: {},
    network: {
      ...{ listen: ['/ip4/0.0.0.0/tcp/7419'], bootstrap: [], mdns: true, announce: [] },
      ...{ proxy: null, proxyExcept: [], ca: null, relay: true },
    },
    http: { host: '127.0.0.1', port: 7420, tlsCertificate: null, tlsKey: null, names: [] },
    log: { level: 'info', format: 'auto', file: 'auto', fileBytesMax: 10_000_000, filesMax: 5 },
    privacy: { epsilonMax: 8, deltaMax: 1e-4, population: null },
    policy: { require: [] },
    serve: { predictions: false, predictionsPerHour: 100 },
    training: { engine: 'auto' },
  })
})

test('an unknown key is named with its file and the key that was meant', t => {
  const cases: [text: string, key: string, meant: string | undefined][] = [
    ['[network]\nlistne = []', 'network.listne', 'network.listen'],
    ['[privacy]\nepsilonmax = 3', 'privacy.epsilonmax', 'privacy.epsilonMax'],
    ['[netwrok]\nlisten = []', 'netwrok', 'network'],
    ['[http]\nepsilonMax = 3', 'http.epsilonMax', 'privacy.epsilonMax'],
    ['[data]\nzzzzzzzz = 1', 'data.zzzzzzzz', undefined],
    ['__proto__ = 1', '__proto__', undefined],
  ]
  for (const [text, key, meant] of cases) {
    const error = refusal(text)
    t.is(error.exitCode, EXIT.config)
    t.true(error.message.includes(`${FILE}: unknown key "${key}"`), error.message)
    t.is(/did you mean "(.*)"/.exec(error.message)?.[1], meant)
    t.regex(error.hint, /Known keys/)
  }
})

test('a wrong value is named with its file and key', t => {
  const cases: [text: string, key: string][] = [
    ['[http]\nhost = "0.0.0.0"', 'http.host'],
    ['[http]\nhost = "localhost.example.org"', 'http.host'],
    ['[http]\nport = 70000', 'http.port'],
    ['[http]\ntlsKey = "k.pem"', 'http'],
    ['[http]\ntlsCertificate = "c.pem"', 'http'],
    ['[http]\nnames = ["node.example:7420"]', 'http.names.0'],
    ['[network]\nlisten = []', 'network.listen'],
    ['[network]\nlisten = ["0.0.0.0:1"]', 'network.listen.0'],
    ['[network]\nbootstrap = ["/ip4/999.0.0.1/tcp/1"]', 'network.bootstrap.0'],
    ['[network]\nmdns = "yes"', 'network.mdns'],
    ['[log]\nlevel = "loud"', 'log.level'],
    ['[privacy]\nepsilonMax = 0', 'privacy.epsilonMax'],
    ['[privacy]\nepsilonMax = inf', 'privacy.epsilonMax'],
    ['[privacy]\ndeltaMax = 0', 'privacy.deltaMax'],
    ['[privacy]\ndeltaMax = 0.5', 'privacy.deltaMax'],
    ['[privacy]\npopulation = " B"', 'privacy.population'],
    ['[policy]\nrequire = ["12D3KooWnobody"]', 'policy.require.0'],
    ['[training]\nengine = "webgl"', 'training.engine'],
  ]
  for (const [text, key] of cases) {
    const error = refusal(text)
    t.is(error.exitCode, EXIT.config)
    t.true(error.message.startsWith(`${FILE}: ${key}: `), error.message)
  }
  t.throws(() => parseConfig('', FILE), { message: /site: is missing/ })
})

test('text that is not TOML is refused with its place', t => {
  const error = refusal('[data]\nx = = 1')
  t.is(error.exitCode, EXIT.config)
  t.true(error.message.startsWith(`${FILE}:3:`) && error.message.includes(' is not valid TOML: '), error.message)
  t.regex(error.hint, /line 3/)
})

test('relative paths are seen from the config file', t => {
  t.is(parse('[data]\nfile = "x/y.npz"').data.file, '/somewhere/x/y.npz')
  t.is(parse('[data]\nfile = "/x/y.npz"').data.file, '/x/y.npz')
})

test('records that an older config names as npz are still found, but not named twice', t => {
  t.deepEqual(parse('[data]\nnpz = "x/y.npz"'), parse('[data]\nfile = "x/y.npz"'))
  const error = refusal('[data]\nnpz = "x.npz"\nfile = "y.npz"')
  t.is(error.exitCode, EXIT.config)
  t.regex(error.message, /data: names the records twice.*delete the line with npz/)
})

test('beyond loopback the HTTP interface needs a certificate and its key, named relative to the config', t => {
  const { http } = parse(
    '[http]\nhost = "0.0.0.0"\ntlsCertificate = "tls/c.pem"\ntlsKey = "/k.pem"\nnames = ["node.example"]',
  )
  t.deepEqual(http, {
    ...{ host: '0.0.0.0', port: 7420, tlsKey: '/k.pem', names: ['node.example'] },
    tlsCertificate: join(dirname(FILE), 'tls/c.pem'),
  })
})

test('a bad proxy is named without its credentials, as are bad exceptions', t => {
  t.is(parse('[network]\nproxy = "http://a:b@proxy.example:3128"').network.proxy, 'http://a:b@proxy.example:3128')
  for (const [text, key] of [
    ['proxy = "https://site:secret@proxy.example"', 'network.proxy'],
    ['proxy = "site:secret@proxy"', 'network.proxy'],
    ['proxyExcept = ["10.0.0.0/99"]', 'network.proxyExcept'],
  ] as const) {
    const error = refusal(`[network]\n${text}`)
    t.true(error.message.includes(`${FILE}: ${key}`), error.message)
    t.false(inspect(error, { depth: 9 }).includes('secret'))
  }
})

test('hospitals without which a node does not take part are peer ids', t => {
  const peer = peerIdString(testSigners(1)[0]!.id)
  t.deepEqual(parse(`[policy]\nrequire = ["${peer}"]`).policy.require, [peer])
})

test('what init writes is read back, also with odd names', t => {
  const choices = {
    site: 'Spital "Süd" \\ #1',
    file: '/a b/"c".npz',
    split: 'train',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: ['/dns4/a.example.org/tcp/1'],
    httpPort: 0,
    epsilonMax: 2.5,
    population: 'Klinik Süd',
  }
  const config = parseConfig(renderConfig(choices, FILE), FILE)
  t.is(config.site, choices.site)
  t.deepEqual(config.data, { file: choices.file, split: 'train' })
  t.like(config.network, { listen: choices.listen, bootstrap: choices.bootstrap, mdns: true, announce: [] })
  t.is(config.http.port, 0)
  t.deepEqual(config.privacy, { epsilonMax: 2.5, deltaMax: 1e-4, population: 'Klinik Süd' })
  t.deepEqual(parseConfig(renderConfig({ site: 'S' }, FILE), FILE), parse(''))
})

test('a choice that would not be read back is refused when written', t => {
  for (const choice of [{ site: 'a\nb' }, { site: 'S', listen: ['nowhere'] }, { site: '' }]) {
    t.throws(() => renderConfig(choice, FILE), { instanceOf: OperatorError })
  }
})

test('a missing or unreadable file is an error of exit code 3', async t => {
  const folder = await temporaryFolder(t)
  const missing = await t.throwsAsync(readConfig(folder), { instanceOf: OperatorError, code: 'config-missing' })
  t.regex(missing.hint, /confrere init/)
  t.is(missing.exitCode, EXIT.config)
  await mkdir(join(folder, 'config.toml'))
  await t.throwsAsync(readConfig(folder), { instanceOf: OperatorError, code: 'config-unreadable' })
  const other = await temporaryFolder(t)
  await writeFile(join(other, 'config.toml'), 'site = "S"')
  t.is((await readConfig(other)).site, 'S')
})

test('only names of this machine are loopback', t => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) t.true(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '', '128.0.0.1', '127.0.0.1.example.org', 'xlocalhost']) {
    t.false(isLoopback(host), host)
  }
})

test('the nearest key is one of few typing errors', t => {
  t.is(editDistance('kitten', 'sitting'), 3)
  t.is(editDistance('', 'abc'), 3)
  t.is(nearestKey('prot', ['port', 'host']), 'port')
  t.is(nearestKey('x', ['port', 'host']), undefined)
  t.is(nearestKey('x', []), undefined)
})
