// Claims: defaults < file < environment < flags, key by key; a wrong value is told with the variable or flag that it comes
// from; every key of the schema has a variable of its own; a variable that is of no key changes nothing and is named.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { CONFIG_SCHEMA, readConfig, readLayeredConfig } from '../../../node/config/config.ts'
import { configKeys, unknownVariables, variableOf } from '../../../node/config/layers.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const KEYS = configKeys(CONFIG_SCHEMA)

test('each layer goes before the one below it', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'config.toml'), 'site = "A"\n[http]\nport = 1000\n[log]\nlevel = "warn"\n')
  const environment = {
    CONFRERE_HTTP_PORT: '2000',
    CONFRERE_NETWORK_MDNS: 'false',
    CONFRERE_NETWORK_LISTEN: '/ip4/127.0.0.1/tcp/1, /ip4/127.0.0.1/tcp/2',
    CONFRERE_PRIVACY_EPSILON_MAX: '2.5',
    CONFRERE_POLICY_REQUIRE: '',
  }
  const { config, originOf } = await readLayeredConfig(folder, { environment, flags: ['network.mdns=true'] })
  t.is(config.http.port, 2000)
  t.is(config.log.level, 'warn')
  t.deepEqual(config.network.listen, ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2'])
  t.is(config.privacy.epsilonMax, 2.5)
  t.is(config.network.mdns, true)
  t.deepEqual(config.policy.require, [])
  const origins = { site: 'file', 'http.port': 'environment', 'http.host': 'default', 'log.level': 'file' } as const
  for (const [key, origin] of Object.entries({ ...origins, 'network.mdns': 'flag' } as const))
    t.is(originOf(key), origin, key)
  t.is((await readConfig(folder, { environment: {} })).http.port, 1000)
})

test('a wrong value is told with where it comes from', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'config.toml'), 'site = "A"\n')
  const told = async (layers: Parameters<typeof readConfig>[1]) => {
    const error = (await t.throwsAsync(readConfig(folder, layers), { instanceOf: OperatorError })) as OperatorError
    return { message: error.message, hint: error.hint, exitCode: error.exitCode }
  }
  for (const text of ['x', '', '70000', '1.5']) {
    const { message, hint, exitCode } = await told({ environment: { CONFRERE_HTTP_PORT: text } })
    t.true(message.startsWith('CONFRERE_HTTP_PORT: http.port: '), message)
    t.is(hint, 'Correct CONFRERE_HTTP_PORT.')
    t.is(exitCode, EXIT.config)
  }
  t.regex((await told({ environment: { CONFRERE_NETWORK_MDNS: 'yes' } })).message, /^CONFRERE_NETWORK_MDNS/)
  t.regex((await told({ environment: { CONFRERE_NETWORK_LISTEN: 'nonsense' } })).message, /^CONFRERE_NETWORK_LISTEN/)
  t.regex((await told({ environment: {}, flags: ['log.level=loud'] })).message, /^--set log\.level: log\.level: /)
  for (const flag of ['http.prt=1', 'http.port', '=', 'datasets=1', 'http=1']) {
    const { hint, exitCode } = await told({ environment: {}, flags: [flag] })
    t.is(exitCode, EXIT.usage, flag)
    t.regex(hint, /^Write --set /)
  }
})

test('every key has a variable of its own, and none is that of the tests', t => {
  const names = KEYS.map(({ key }) => variableOf(key))
  t.is(new Set(names).size, names.length)
  t.true(names.length >= 15)
  t.false(names.includes('CONFRERE_DATA'))
  t.is(variableOf('privacy.epsilonMax'), 'CONFRERE_PRIVACY_EPSILON_MAX')
})

test('a variable of no key is named, with the nearest', t => {
  const found = unknownVariables({ CONFRERE_HTTP_PROT: '1', CONFRERE_HTTP_PORT: '1', CONFRERE_X: '', PATH: '' }, KEYS)
  t.deepEqual(found, [
    { name: 'CONFRERE_HTTP_PROT', nearest: 'CONFRERE_HTTP_PORT' },
    { name: 'CONFRERE_X', nearest: null },
  ])
})

test('a file that has a value where a table belongs is refused as before', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'config.toml'), 'site = "A"\nhttp = 1\n')
  await t.throwsAsync(readConfig(folder, { environment: { CONFRERE_HTTP_PORT: '1' } }), { code: 'config-invalid' })
})
