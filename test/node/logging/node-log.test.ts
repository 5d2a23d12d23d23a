// Claims of node/logging: people get text and programs JSON, the file is small, private and never the reason why a node
// ends, and a change of level reaches every logger.

import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parseConfig } from '../../../node/config/config.ts'
import { LogFile } from '../../../node/logging/log-file.ts'
import { LOG_FILE, openNodeLog } from '../../../node/logging/node-log.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

function settings(lines = '') {
  return parseConfig(`site = "A"\n[log]\n${lines}`, 'config.toml').log
}

function output(terminal: boolean) {
  const texts: string[] = []
  return { texts, terminal, colours: false, write: (text: string) => void texts.push(text) }
}

test('a terminal gets text and no file is written; elsewhere JSON goes to stderr and to a private file', async t => {
  const folder = await temporaryFolder(t)
  const shown = output(true)
  const seen = openNodeLog(folder, settings(), shown)
  seen.log.info({ round: 1 }, 'hello')
  t.regex(shown.texts[0]!, /^\d\d:\d\d:\d\d hello {2}round=1\n$/)
  t.is(seen.file, null)
  t.deepEqual(await readdir(folder), [])

  const piped = output(false)
  const node = openNodeLog(folder, settings(), piped)
  node.log.info({ round: 1 }, 'hello')
  node.close()
  t.like(JSON.parse(piped.texts[0]!), { level: 'info', round: 1, msg: 'hello' })
  t.is(node.file, join(folder, LOG_FILE))
  t.is(await readFile(join(folder, LOG_FILE), 'utf8'), piped.texts[0]!)
  t.is((await stat(join(folder, LOG_FILE))).mode & 0o777, 0o600)
  t.is((await stat(join(folder, 'logs'))).mode & 0o777, 0o700)
})

test('the config decides on form and file, whatever stderr is', async t => {
  const folder = await temporaryFolder(t)
  const shown = output(true)
  const node = openNodeLog(folder, settings('format = "json"\nfile = "always"'), shown)
  node.log.info('x')
  t.notThrows(() => JSON.parse(shown.texts[0]!))
  t.not(node.file, null)
  t.is(openNodeLog(folder, settings('file = "never"'), output(false)).file, null)
})

test('a change of level reaches loggers that were derived before and after, at any depth', async t => {
  const shown = output(true)
  const node = openNodeLog(await temporaryFolder(t), settings('level = "warn"'), shown)
  const child = node.log.child({ study: 'ab' })
  const grandchild = child.child({ peer: 'x' })
  child.info('no')
  node.setLevel('debug')
  for (const log of [node.log, child, grandchild, child.child({})]) log.debug('yes')
  t.is(shown.texts.length, 4)
  node.setLevel('silent')
  grandchild.fatal('no')
  t.is(shown.texts.length, 4)
})

test('a toggle changes to debug and back to what the config says', async t => {
  const node = openNodeLog(await temporaryFolder(t), settings('level = "warn"'), output(true))
  node.toggleDebug()
  t.is(node.level, 'debug')
  node.toggleDebug()
  t.is(node.level, 'warn')
})

test('files stay below their size and number, and no line is lost or divided', async t => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'x.log')
  const log = new LogFile({ file, bytesMax: 100, filesMax: 3, trouble: text => t.fail(text) })
  for (let i = 0; i < 50; i++) log.write(`${String(i).padStart(29, '0')}\n`)
  log.close()
  t.deepEqual((await readdir(folder)).sort(), ['x.log', 'x.log.1', 'x.log.2'])
  let all = ''
  for (const name of ['x.log.2', 'x.log.1', 'x.log']) {
    const text = await readFile(join(folder, name), 'utf8')
    t.true(text.length <= 100)
    all += text
  }
  const numbers = all.trimEnd().split('\n').map(Number)
  t.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, i) => 50 - numbers.length + i),
  )
})

test('a limit of one file begins anew', async t => {
  const folder = await temporaryFolder(t)
  const log = new LogFile({ file: join(folder, 'x.log'), bytesMax: 10, filesMax: 1, trouble: text => t.fail(text) })
  for (const line of ['aaaaaaa\n', 'bbbbbbb\n']) log.write(line)
  t.deepEqual(await readdir(folder), ['x.log'])
  t.is(await readFile(join(folder, 'x.log'), 'utf8'), 'bbbbbbb\n')
})

test('a file that was there goes on, with the owner alone, after a line that a crash cut off', async t => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'x.log')
  await writeFile(file, 'whole\ncut of')
  await chmod(file, 0o644)
  new LogFile({ file, bytesMax: 1000, filesMax: 2, trouble: text => t.fail(text) }).write('next\n')
  t.is(await readFile(file, 'utf8'), 'whole\ncut of\nnext\n')
  t.is((await stat(file)).mode & 0o777, 0o600)
})

test('a line without measure is left out and its length said', async t => {
  const file = join(await temporaryFolder(t), 'x.log')
  const log = new LogFile({ file, bytesMax: 1e6, filesMax: 2, trouble: text => t.fail(text) })
  log.write(`${'x'.repeat(100_000)}\n`)
  t.deepEqual(JSON.parse(await readFile(file, 'utf8')), { msg: 'a line of 100001 bytes is left out' })
})

test('a file that cannot be written ends nothing: it is told once, and how many lines are missing', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'logs'), 'in the way')
  const shown = output(false)
  const node = openNodeLog(folder, settings(), shown)
  for (const message of ['one', 'two', 'three']) node.log.info(message)
  const messages = () => shown.texts.map(text => JSON.parse(text).msg)
  t.deepEqual(messages(), ['one', 'the log file cannot be written: EEXIST', 'two', 'three'])
  await rm(join(folder, 'logs'))
  node.log.info('four')
  t.is(messages().at(-1), 'the log file is written again; 3 lines are missing in it')
  t.is(JSON.parse((await readFile(join(folder, LOG_FILE), 'utf8')).trim()).msg, 'four')
})

test('a link in the place of the file is not followed', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'logs'))
  await symlink(join(folder, 'elsewhere'), join(folder, LOG_FILE))
  const troubles: string[] = []
  const trouble = (text: string) => void troubles.push(text)
  new LogFile({ file: join(folder, LOG_FILE), bytesMax: 1000, filesMax: 2, trouble }).write('x\n')
  t.deepEqual(troubles, ['the log file cannot be written: ELOOP'])
  t.false((await readdir(folder)).includes('elsewhere'))
})
