// Claims of node/log.ts: one JSON object a line, no bytes, no secrets, a stack only for bugs.

import { readFile, rename } from 'node:fs/promises'
import test from 'ava'
import { OperatorError } from '../../node/errors.ts'
import { createLogger, type LogLevel } from '../../node/log.ts'
import { ProtocolError } from '../../protocols/errors.ts'

function capture(level: LogLevel = 'trace') {
  const lines: string[] = []
  const log = createLogger({ level, stream: { write: line => void lines.push(line) } })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> }
}

test('a line has level, time, message and fields', t => {
  const { log, last } = capture()
  log.info({ round: 3, peer: '12D3' }, 'round ended')
  t.like(last(), { level: 'info', round: 3, peer: '12D3', msg: 'round ended' })
  t.regex(String(last()['time']), /^\d{4}-\d\d-\d\dT/)
})

test('no byte is written, wherever it stands', t => {
  const { log, lines, last } = capture()
  const bytes = new Uint8Array([222, 173, 190, 239])
  log.info({ sid: bytes, deep: { list: [bytes, { more: Buffer.from(bytes) }] }, words: new Uint32Array(2) }, 'x')
  t.deepEqual(last()['sid'], '[4 bytes]')
  t.false(/222|173|deadbeef|3q2\+7w/i.test(lines.join('')))
})

test('fields that sound secret are removed at any depth', t => {
  const { log, lines } = capture()
  const names = ['secret', 'seed', 'key', 'selfKey', 'pairKey', 'privateKey', 'password', 'token', 'root', 'masks']
  for (const name of names) {
    log.info({ [name]: 'hush' }, 'x')
    log.info({ a: { b: [{ [name]: 'hush' }] } }, 'x')
  }
  log.child({ key: 'hush', nested: { seed: 'hush' } }).info('x')
  t.false(lines.join('').includes('hush'))
  log.info({ publicKey: 'fine', keyless: 'fine', monkey: 'fine' }, 'x')
  t.is(lines.at(-1)!.split('fine').length - 1, 3)
})

test('an expected error has no stack, a bug has one, and the cause is kept', t => {
  const { log, last } = capture()
  log.warn({ err: new ProtocolError('bad-signature', 'does not verify', { cause: new Error('inner') }) }, 'x')
  t.deepEqual(last()['err'], {
    type: 'ProtocolError',
    code: 'bad-signature',
    message: 'does not verify',
    cause: 'Error: inner',
  })
  log.error(new OperatorError('no-study', 'none', { hint: 'h', exitCode: 3 }))
  t.false('stack' in (last()['err'] as object))
  log.error({ err: new TypeError('oops') }, 'x')
  t.regex(String((last()['err'] as { stack: string }).stack), /oops[\s\S]*log\.test/)
  log.error({ reason: new TypeError('oops') }, 'x')
  t.is((last()['reason'] as { message: string }).message, 'oops')
})

test('odd values do not break a line', t => {
  const { log, lines } = capture()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  log.info({ circle, map: new Map([[1, 2]]), when: new Date(0), none: null, nothing: undefined }, 'x')
  t.notThrows(() => JSON.parse(lines[0]!))
})

test('a level silences what is below it', t => {
  const { log, lines } = capture('warn')
  log.info('x')
  t.is(lines.length, 0)
  log.warn('x')
  t.is(lines.length, 1)
})

test('fields of patients and of the names of their files are removed at any depth', t => {
  const { log, lines } = capture()
  const names = ['patient', 'patients', 'patientId', 'PatientName', 'AccessionNumber', 'birthDate', 'recordFile']
  for (const name of [...names, 'SOPInstanceUID', 'sourcePath', 'mrn']) log.info({ a: [{ [name]: 'Doe^Jane' }] }, 'x')
  t.false(lines.join('').includes('Doe'))
  log.info({ epsilonsOfPatient: [{ hospitals: 1 }], records: 12 }, 'x')
  t.false(lines.at(-1)!.includes('removed'))
})

test('an error of the file system is told without its paths, also as a cause', async t => {
  const { log, lines } = capture()
  const error = await readFile('/nowhere/Doe^Jane.dcm').catch(cause => cause)
  log.error({ err: error }, 'x')
  log.error({ err: new OperatorError('unreadable', 'A record', { hint: 'h', exitCode: 12, cause: error }) }, 'x')
  const renamed = await rename('/nowhere/Doe', '/nowhere/Jane').catch(cause => cause)
  log.error({ err: renamed }, 'x')
  t.false(/Doe|Jane/.test(lines.join('')))
  t.true(lines.every(line => line.includes('ENOENT: no such file or directory')))
})
