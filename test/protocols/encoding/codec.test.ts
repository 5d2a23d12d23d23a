// Claims of protocols/encoding/codec.ts: equal values have equal bytes, and only those bytes are accepted.

import test from 'ava'
import fc from 'fast-check'
import { CBOR_DEPTH_MAX, CBOR_ITEMS_MAX, decode, encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'

const isPlainText = (text: string) => text.isWellFormed() && !text.startsWith('\ufeff')
const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(isPlainText)
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.uint8Array({ maxLength: 40 }),
  text,
)
const { value: plain } = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 5, depthIdentifier: 'd' }, leaf, tie('list'), tie('record')),
  list: fc.array(tie('value'), { maxLength: 5, depthIdentifier: 'd' }),
  record: fc.dictionary(
    text.filter(key => key !== '__proto__'),
    tie('value'),
    { maxKeys: 5, depthIdentifier: 'd', noNullPrototype: true },
  ),
}))

const hex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'))
const codeOf = (bytes: Uint8Array, bytesMax?: number) => {
  try {
    decode(bytes, bytesMax)
    return 'decoded'
  } catch (error) {
    return error instanceof ProtocolError ? error.code : `another exception: ${error}`
  }
}

test('what is encoded comes back', t => {
  fc.assert(fc.property(plain, value => void t.deepEqual(decode(encode(value)), value)))
})

test('equal values have equal bytes, whatever the order of their keys', t => {
  fc.assert(
    fc.property(fc.dictionary(text, leaf, { noNullPrototype: true }), record => {
      fc.pre(!Object.hasOwn(record, '__proto__'))
      const turned = Object.fromEntries(Object.entries(record).reverse())
      t.deepEqual(encode(turned), encode(record))
    }),
  )
})

test('mutated bytes are refused, or are the canonical bytes of another value', t => {
  const mutation = fc.record({
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    how: fc.constantFrom('set', 'cut', 'add'),
  })
  fc.assert(
    fc.property(plain, mutation, (value, { at, byte, how }) => {
      const bytes = [...encode(value)]
      const place = at % bytes.length
      if (how === 'set') bytes[place] = byte
      if (how === 'cut') bytes.splice(place, 1)
      if (how === 'add') bytes.splice(place, 0, byte)
      const mutated = Uint8Array.from(bytes)
      const outcome = codeOf(mutated)
      if (outcome === 'decoded') t.deepEqual(encode(decode(mutated)), mutated)
      else t.true(['malformed', 'not-canonical'].includes(outcome), outcome)
    }),
    { numRuns: 2000 },
  )
})

test('random bytes never cause another exception', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      t.true(['decoded', 'malformed', 'not-canonical'].includes(codeOf(bytes)))
    }),
    { numRuns: 2000 },
  )
})

test('every other form of a value is refused', t => {
  const forms: [name: string, bytes: string, code: string][] = [
    ['no bytes', '', 'malformed'],
    ['trailing byte', '0000', 'malformed'],
    ['undefined', 'f7', 'malformed'],
    ['NaN', 'f97e00', 'malformed'],
    ['infinity', 'f97c00', 'malformed'],
    ['indefinite length array', '9f01ff', 'malformed'],
    ['indefinite length string', '7f6161ff', 'malformed'],
    ['duplicate key', 'a2616101616102', 'malformed'],
    ['integer key', 'a10102', 'malformed'],
    ['tag', 'c001', 'malformed'],
    ['array longer than the bytes', '9bffffffffffffffff', 'malformed'],
    ['key __proto__', 'a1695f5f70726f746f5f5f01', 'malformed'],
    ['wide integer', '1801', 'malformed'],
    ['unsorted keys', 'a2616201616102', 'not-canonical'],
    ['wide float of an integer', 'fa40a00000', 'not-canonical'],
    ['wide float', 'fb3ff8000000000000', 'not-canonical'],
    ['minus zero', 'f98000', 'not-canonical'],
    ['invalid UTF-8', '61ff', 'malformed'],
    ['byte order mark', '64efbbbf61', 'not-canonical'],
  ]
  for (const [name, bytes, code] of forms) {
    if (name === 'invalid UTF-8') t.not(codeOf(hex(bytes)), 'decoded', name)
    else t.is(codeOf(hex(bytes)), code, name)
  }
})

test('input above the limit is refused unread, and depth has a fixed limit', t => {
  t.is(codeOf(new Uint8Array(101), 100), 'too-large')
  const nested = (levels: number) => Uint8Array.from([...new Array<number>(levels).fill(0x81), 0x00])
  t.is(codeOf(nested(CBOR_DEPTH_MAX)), 'decoded')
  t.is(codeOf(nested(CBOR_DEPTH_MAX + 1)), 'malformed')
  t.is(codeOf(nested(CBOR_ITEMS_MAX - 1)), 'malformed')
  t.is(codeOf(nested(500_000)), 'too-large')
})

test('more values than the limit are refused before one of them is built', t => {
  const list = (count: number, item: Uint8Array) =>
    Buffer.concat([Uint8Array.of(0x9a, 0, 0, count >> 8, count & 0xff), ...new Array<Uint8Array>(count).fill(item)])
  // the wide head of the list is not canonical: what counts here is how far it came
  const items = [
    0,
    300,
    2 ** 40,
    -1,
    1.5,
    null,
    '',
    'x',
    'x'.repeat(300),
    new Uint8Array(0),
    new Uint8Array(40),
    [],
    {},
  ]
  for (const item of items.map(encode)) {
    t.is(codeOf(list(CBOR_ITEMS_MAX - 1, item), 8 << 20), 'malformed')
    t.is(codeOf(list(CBOR_ITEMS_MAX, item), 8 << 20), 'too-large')
  }
  // a string that claims to be longer than the bytes is refused by its claim
  const lie = Buffer.concat([list(CBOR_ITEMS_MAX - 2, encode(0)), hex('5b00ffffffffffffff'), hex('0000')])
  t.is(codeOf(lie), 'too-large')
  const most = new Array<number>(CBOR_ITEMS_MAX - 1).fill(1)
  t.deepEqual(decode(encode(most)), most)
  t.is(codeOf(encode([...most, 1])), 'too-large')
})

test('a string above its own limit is refused, wherever it stands', t => {
  const limits = { stringMax: 40 }
  for (const [fits, over] of [
    [new Uint8Array(40), new Uint8Array(41)],
    ['x'.repeat(40), 'é'.repeat(21)],
  ]) {
    for (const wrap of [(one: unknown) => one, (one: unknown) => [one], (one: unknown) => ({ a: { b: one }, z: 1 })]) {
      t.deepEqual(decode(encode(wrap(fits)), limits), wrap(fits))
      t.throws(() => decode(encode(wrap(over)), limits), { code: 'too-large' })
    }
  }
  t.throws(() => decode(encode({ ['k'.repeat(41)]: 1 }), limits), { code: 'too-large' })
})

test('a value that would not come back is not encoded', t => {
  class Thing {}
  const values = [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    [undefined],
    { a: undefined },
    2n ** 64n,
    '\ud800',
    '\ufeffa',
    new Map(),
    new Date(0),
    new Thing(),
    new Float32Array(1),
    () => 1,
    Symbol('s'),
    { ['__proto__']: 1 },
  ]
  for (const value of values) t.throws(() => encode(value), { code: 'ERR_ASSERTION' })
  t.deepEqual(encode(-0), encode(0))
})

test('decoded byte strings do not alias the input', t => {
  const bytes = encode([hex('0102')])
  const [copy] = decode(bytes) as [Uint8Array]
  bytes.fill(0)
  t.deepEqual(copy, hex('0102'))
})
