// Claims of node/deploy: the unit for systemd restarts a node after everything but what no restart mends, hides from it
// what it has no need of, and is in the package.

import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT, EXIT_FINAL } from '../../../node/errors.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '../../..')
const UNIT = 'node/deploy/confrere.service'
/** Settings that add to the line before. */
const REPEATABLE = new Set(['DeviceAllow', 'SystemCallFilter'])
/** Of systemd's scale from 0 to 10; what it counts is for the net, children's messages and a GPU. */
const EXPOSURE_MAX = 2

/** The settings of a unit, by section and key; each may stand there once. */
async function readUnit(): Promise<Map<string, string>> {
  const settings = new Map<string, string>()
  let section = ''
  for (const line of (await readFile(join(ROOT, UNIT), 'utf8')).split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const header = /^\[(\w+)\]$/.exec(line)
    const setting = /^(\w+)=(.*)$/.exec(line)
    if (header !== null) section = header[1]!
    else if (setting === null || (settings.has(`${section}.${setting[1]}`) && !REPEATABLE.has(setting[1]!)))
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
  t.is(unit.get('Service.DynamicUser'), 'yes')
  t.is(unit.get('Service.ProtectSystem'), 'strict')
  t.is(unit.get('Service.NoNewPrivileges'), 'yes')
  t.is(unit.get('Service.CapabilityBoundingSet'), '')
  // V8 and WASM compile at run time: with this the node would not even start
  t.false(unit.has('Service.MemoryDenyWriteExecute'))
  t.true(manifest.files.some((path: string) => UNIT.startsWith(path)))
})

test('systemd hears from the node: that it is up, however long that takes, and that it is alive', async t => {
  const unit = await readUnit()
  t.is(unit.get('Service.Type'), 'notify')
  // the messages come from a child
  t.is(unit.get('Service.NotifyAccess'), 'all')
  t.is(unit.get('Service.TimeoutStartSec'), 'infinity')
  t.true(Number(unit.get('Service.WatchdogSec')) >= 60)
})

const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' })
// older ones cannot judge a file
const there = Number(/^systemd (\d+)/.exec(analyze('--version').stdout ?? '')?.[1] ?? 0) >= 250
const checked = there ? test : test.skip

checked(
  `systemd understands the unit and finds it well closed${there ? '' : ' (skipped: no systemd 250)'}`,
  async t => {
    const { status, stdout, stderr } = analyze(
      'security',
      '--offline=true',
      `--threshold=${10 * EXPOSURE_MAX}`,
      join(ROOT, UNIT),
    )
    t.is(status, 0, stdout + stderr)
    // the command is not installed where the tests run
    const text = (await readFile(join(ROOT, UNIT), 'utf8')).replace('/usr/local/bin/confrere', '/bin/true')
    const file = join(await temporaryFolder(t), 'confrere.service')
    await writeFile(file, text)
    const verified = analyze('verify', '--man=no', file)
    t.is(verified.stdout + verified.stderr, '')
    t.is(verified.status, 0)
  },
)
