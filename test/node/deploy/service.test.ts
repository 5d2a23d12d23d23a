// Claims of node/deploy: the unit for systemd restarts a node after everything but what no restart mends, hides from it
// what it has no need of, and is in the package.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT, EXIT_FINAL } from '../../../node/errors.ts'

const ROOT = join(import.meta.dirname, '../../..')
const UNIT = 'node/deploy/confrere.service'

/** The settings of a unit, by section and key; each may stand there once. */
async function readUnit(): Promise<Map<string, string>> {
  const settings = new Map<string, string>()
  let section = ''
  for (const line of (await readFile(join(ROOT, UNIT), 'utf8')).split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const header = /^\[(\w+)\]$/.exec(line)
    const setting = /^(\w+)=(.*)$/.exec(line)
    if (header !== null) section = header[1]!
    else if (setting === null || settings.has(`${section}.${setting[1]}`))
      throw new Error(`a line of no sense: ${line}`)
    else settings.set(`${section}.${setting[1]}`, setting[2]!)
  }
  return settings
}

test('a node is restarted after a failure, but for exactly the exit codes that no restart mends', async t => {
  const unit = await readUnit()
  t.is(unit.get('Service.Restart'), 'on-failure')
  const prevented = unit.get('Service.RestartPreventExitStatus')!.split(' ').map(Number)
  t.deepEqual(
    prevented,
    [...EXIT_FINAL].sort((a, b) => a - b),
  )
})

test('what no restart mends is what the operator did or the study says, never what the machine lacks for a while', t => {
  const final = Object.entries(EXIT).filter(([, code]) => EXIT_FINAL.includes(code))
  const names = new Set(final.map(([name]) => name))
  const waits = ['bug', 'cannotListen', 'nodeUnreachable', 'timedOut', 'dataUnreadable', 'trainingDevice']
  t.deepEqual([...Object.keys(EXIT)].filter(name => !names.has(name)).sort(), ['ok', ...waits].sort())
})

test('the unit starts the command of the package, from its state directory, without rights', async t => {
  const unit = await readUnit()
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const [command, action, option, folder] = unit.get('Service.ExecStart')!.split(' ')
  t.true(Object.keys(manifest.bin).includes(command!.split('/').at(-1)!))
  t.deepEqual([action, option], ['start', '--data'])
  t.true(folder!.startsWith(`/var/lib/${unit.get('Service.StateDirectory')}/`))
  t.not(unit.get('Service.User'), 'root')
  t.is(unit.get('Service.NoNewPrivileges'), 'yes')
  t.is(unit.get('Service.CapabilityBoundingSet'), '')
  // V8 and WASM compile at run time: with this the node would not even start
  t.false(unit.has('Service.MemoryDenyWriteExecute'))
  t.true(manifest.files.some((path: string) => UNIT.startsWith(path)))
})
