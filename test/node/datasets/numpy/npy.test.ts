// Claims of node/datasets/numpy/npy.ts: whatever the bytes, an array or the one error.
import test from 'ava'
import fc from 'fast-check'
import { NpyError, numbersOf, parseHeader, parseNpy, textsOf } from '../../../../node/datasets/numpy/npy.ts'
import { npy } from '../arrays.ts'

function outcomeOf(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

const read = (bytes: Uint8Array): unknown =>
  outcomeOf(() => {
    const array = parseNpy(bytes)
    return array.type.kind === 'text' || array.type.kind === 'bytes'
      ? textsOf(array.type, array.body)
      : numbersOf(array.type, array.body)
  })

const isAllowed = (outcome: unknown): boolean => !(outcome instanceof Error) || outcome instanceof NpyError

test('any bytes are an array or the one error', t => {
  const magic = [0x93, ...Buffer.from('NUMPY')]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, begins) =>
      isAllowed(read(begins ? Uint8Array.of(...magic, ...bytes) : bytes)),
    ),
  )
  t.pass()
})

test('any header in place of the right one gives an array or the one error', t => {
  const part = fc.constantFrom(
    ...["'descr'", ':', "'<u2'", "'|O'", "'<U3'", "'>f8'", 'True', 'False', "'shape'", "'fortran_order'"],
    ...['(', ')', ',', ' ', '2', '3L', '-1', '9'.repeat(30), '{', '}', '[', "'<U99999999999'", "'|S0'", '"', '\0', 'é'],
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), fc.uint8Array({ maxLength: 40 }), (parts, body) => {
      const text = Buffer.from(parts.join(''))
      const bytes = Buffer.concat([
        npy(new Uint8Array(0), {}).subarray(0, 8),
        Uint8Array.of(text.length, 0),
        text,
        body,
      ])
      return isAllowed(read(bytes))
    }),
  )
  t.pass()
})

test('damage to any one byte of an array gives an array or the one error', t => {
  const whole = npy(Float64Array.of(1, 2, 3, 4), { descr: '<f8', shape: [2, 2] })
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
      const damaged = whole.slice(0, length)
      if (at < length) damaged[at] = value
      return isAllowed(read(damaged))
    }),
  )
  t.pass()
})

test('a header is asked for again until it is whole', t => {
  const bytes = npy(Uint8Array.of(1, 2), { shape: [2] })
  const { start } = parseNpy(bytes)
  for (let length = 0; length < start; length++) t.is(parseHeader(bytes.subarray(0, length), bytes.length), null)
  t.is(parseHeader(bytes.subarray(0, start), bytes.length)?.items, 2)
})

test('headers of other writers are read: other quotes, no blanks, long integers, no padding', t => {
  for (const text of [
    '{"descr": "|u1", "fortran_order": False, "shape": (2,)}',
    "{'descr':'|u1','fortran_order':False,'shape':(2,)}",
    "{'shape': (2L,), 'fortran_order': False, 'descr': '<u1'}\n",
  ]) {
    const head = Buffer.concat([npy(new Uint8Array(0), {}).subarray(0, 8), Uint8Array.of(text.length, 0)])
    const array = parseNpy(Buffer.concat([head, Buffer.from(text), Uint8Array.of(7, 9)]))
    t.deepEqual([...numbersOf(array.type, array.body)], [7, 9])
  }
})
