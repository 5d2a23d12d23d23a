// Claims of node/logging/text-lines.ts: one line a round in words, figures with units, and nothing from a peer that moves
// a terminal's cursor.

import test from 'ava'
import fc from 'fast-check'
import { textLine } from '../../../node/logging/text-lines.ts'

const PEER = '12D3KooWGzh1JJk5qS1AZMy8zH1xTCGwQf1yVzFgNqXQ7uCqQkUf'
const TIME = '2026-03-04T10:11:12.000Z'
const line = (fields: object, colours = false): string =>
  textLine(JSON.stringify({ time: TIME, ...fields }), { colours })
/** Without the time of day, which depends on the machine's zone. */
const words = (fields: object): string => line(fields).replace(/^\d\d:\d\d:\d\d /, '')

test('a finished round is one line in words', t => {
  const round = { level: 'info', round: 12, outcome: 'result', views: 1, contributors: 3, durationMs: 4230 }
  const all = {
    ...round,
    trainMs: 1,
    beyondMs: 2,
    bytesSent: 1_234_567,
    checkpoint: 'ab'.repeat(32),
    msg: 'round certified',
  }
  t.is(words(all), 'round 12, 3 hospitals, 4.2 s, 1.23 MB sent\n')
  const study = { ...all, outcome: 'void', views: 3, durationMs: 480_000, study: 'ab'.repeat(32) }
  t.is(words(study), 'abababababab: round 12, VOID, without a result, 8 min, 3 attempts, 1.23 MB sent\n')
})

test('any other line has its message and its fields, peers and hashes shortened, numbers with units', t => {
  const fields = { peer: PEER, ms: 10_000, checkpoint: '0f'.repeat(32), site: 'Hospital A', empty: '', none: null }
  t.is(
    words({ level: 'warn', msg: 'sent away', ...fields }),
    'warn: sent away  peer=...CqQkUf ms=10.0 s checkpoint=0f0f0f0f0f0f site="Hospital A" empty=""\n',
  )
})

test('an error has its code and cause, and a bug its stack below', t => {
  const err = { type: 'OperatorError', code: 'no-data', message: 'There is none', cause: 'Error: inner' }
  t.is(
    words({ level: 'fatal', msg: 'it ends', err }),
    'fatal: it ends: There is none (no-data), because of Error: inner\n',
  )
  const stack = 'TypeError: oops\n    at one (a.ts:1)\n    at two (b.ts:2)'
  const bug = line({ level: 'error', msg: 'x', err: { message: 'oops', stack } }).split('\n')
  t.deepEqual(bug.slice(1), ['    at one (a.ts:1)', '    at two (b.ts:2)', ''])
})

test('colours are there for who can see them, and only then', t => {
  t.true(line({ level: 'warn', msg: 'x' }, true).includes('\x1b[33m'))
  t.false(line({ level: 'warn', msg: 'x' }).includes('\x1b'))
})

test('whatever a peer says, a line stays a line, in the direction in which it is read', t => {
  const hostile = fc.oneof(
    fc.array(fc.integer({ min: 0, max: 0x2100 })).map(codes => String.fromCodePoint(...codes)),
    fc.constantFrom('\x1b[2J', 'a\nb', '\u202eevil', '\u2028', '\x9b1m'),
  )
  const isPlain = (text: string): boolean => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.slice(0, -1))
  fc.assert(
    fc.property(hostile, hostile, fc.jsonValue(), (message, name, value) => {
      const text = line({ level: message, msg: message, [name]: value, peer: message, err: { message, code: name } })
      t.true(text.endsWith('\n') && isPlain(text))
    }),
  )
  fc.assert(fc.property(hostile, text => t.true(isPlain(textLine(text, { colours: false })))))
})
