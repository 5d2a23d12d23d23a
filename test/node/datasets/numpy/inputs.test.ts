// Claims of node/datasets/numpy/inputs.ts: what a value becomes follows from its type and the study; where that is not enough
// the array is refused, and the hint gives the right inputs.
import test from 'ava'
import { createInputReader } from '../../../../node/datasets/numpy/inputs.ts'
import { NpyError, numbersOf, parseNpy } from '../../../../node/datasets/numpy/npy.ts'
import { inputsOf as allInputs } from '../../../helpers/inputs.ts'
import { npy } from '../arrays.ts'

interface Options {
  shape?: number[]
  own?: number[]
  pixels?: boolean
  fortran?: boolean
}

/** Inputs of an array of one record unless said otherwise, taken in two pieces. */
function inputsOf(descr: string, body: ArrayBufferView, options: Options = {}): Float32Array {
  const items = body.byteLength / Number(/\d+/.exec(descr)![0])
  const { shape = [1, items, 1], own = [1, ...shape], pixels = true, fortran = false } = options
  const array = parseNpy(npy(body, { descr, shape: own, fortran }))
  const reader = createInputReader(array, { shape, pixels }, 1000)
  const values = numbersOf(array.type, array.body)
  reader.push(values.subarray(0, 1))
  reader.push(values.subarray(1))
  return allInputs({
    count: reader.count,
    shape: [...shape],
    ...reader.finish(),
    labels: new Int32Array(reader.count),
  })
}

function hintOf(descr: string, body: ArrayBufferView, message: RegExp, options?: Options): (hint: RegExp) => boolean {
  try {
    inputsOf(descr, body, options)
  } catch (error) {
    if (error instanceof NpyError && message.test(error.message)) return hint => hint.test(error.hint)
    throw error
  }
  throw new Error(`${descr} was read`)
}

function swapBytes(values: ArrayBufferView, size: number): Uint8Array {
  const bytes = new Uint8Array(values.buffer.slice(0))
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
  return bytes
}

test('uint8, uint16 and bool say what white is; a value is divided in float64 and rounded once', t => {
  const bytes = Uint8Array.from({ length: 256 }, (_, value) => value)
  t.deepEqual(
    inputsOf('|u1', bytes),
    Float32Array.from(bytes, value => value / 255),
  )
  const words = Uint16Array.from({ length: 256 }, (_, index) => index * 257)
  t.deepEqual(
    inputsOf('<u2', words),
    Float32Array.from(words, value => value / 65535),
  )
  t.deepEqual([...inputsOf('|b1', Uint8Array.of(0, 1, 1))], [0, 1, 1])
})

test('the inputs of a record do not depend on the other records', t => {
  const one = inputsOf('<u2', Uint16Array.of(40000, 7))
  const two = inputsOf('<u2', Uint16Array.of(40000, 7, 65535, 0), { own: [2, 1, 2], shape: [1, 2, 1] })
  t.deepEqual(two.subarray(0, 2), one)
})

test('other integers hold 8-bit pixels, and the same as uint8', t => {
  const expected = inputsOf('|u1', Uint8Array.of(0, 100, 255))
  t.deepEqual(inputsOf('<i2', Int16Array.of(0, 100, 255)), expected)
  t.deepEqual(inputsOf('<i4', Int32Array.of(0, 100, 255)), expected)
  t.deepEqual(inputsOf('<u4', Uint32Array.of(0, 100, 255)), expected)
  t.deepEqual(inputsOf('<i8', BigInt64Array.of(0n, 100n, 255n)), expected)
  t.deepEqual(inputsOf('<u8', BigUint64Array.of(0n, 100n, 255n)), expected)
})

test('floats of every width are taken as they are', t => {
  t.deepEqual(
    [...inputsOf('<f2', Uint16Array.of(0, 0x3c00, 0x3800, 0x0001, 0x3555))],
    [0, 1, 0.5, 2 ** -24, 1365 / 4096],
  )
  t.deepEqual([...inputsOf('<f4', Float32Array.of(0, 1, 0.25))], [0, 1, 0.25])
  t.deepEqual([...inputsOf('<f8', Float64Array.of(0, 1, 1 / 3))], [0, 1, Math.fround(1 / 3)])
})

test('12-bit pixels in uint16 are refused, and the hint gives them their white', t => {
  const pixels = Uint16Array.of(0, 2040, 4080)
  const hint = hintOf('<u2', pixels, /has the dtype <u2, and no value so high that 65535 must be its white$/)
  t.true(hint(/save \(array \/ WHITE\)\.astype\("float32"\), where WHITE is .* 4095 for 12, .* 65535 for 16\./))
  const followed = Float32Array.from(pixels, value => value / 4095)
  t.deepEqual(inputsOf('<f4', followed), followed)
})

test('dark 16-bit pixels that are scaled by hand are the same inputs, bit for bit', t => {
  const dark = Uint16Array.of(3, 20000, 32767)
  const byHand = Float32Array.from(dark, value => value / 65535)
  const beside = inputsOf('<u2', Uint16Array.of(...dark, 65535))
  t.deepEqual(inputsOf('<f4', byHand), beside.subarray(0, 3))
})

test('Hounsfield units, wrapped bytes and integers beyond 8 bits are refused, none with a cast that wraps', t => {
  const cases: [string, ArrayBufferView, RegExp, RegExp][] = [
    ['<i2', Int16Array.of(-1024, 3071), /a value outside 0 to 255 in record 0$/, /numpy\.clip/],
    ['<i2', Int16Array.of(0, 4080), /a value outside 0 to 255/, /WHITE is .*4095/],
    ['<i4', Int32Array.of(0, 65535), /a value outside 0 to 255/, /WHITE is .*65535/],
    ['<i8', BigInt64Array.of(0n, 1n), /no value so high that 255 must be its white/, /WHITE is 255 .*"bool"/],
    ['|i1', Int8Array.of(0, -1), /has the dtype \|i1/, /array\.view\("uint8"\)/],
    ['<f8', Float64Array.of(0, 255), /a value outside \[0, 1\]/, /WHITE is 255/],
    ['<f8', Float64Array.of(-1, 1), /a value outside \[0, 1\]/, /numpy\.clip/],
    ['<f2', Uint16Array.of(0x7e00), /a value that is not finite in record 0/, /Remove the record/],
  ]
  for (const [descr, body, message, wanted] of cases) {
    const hint = hintOf(descr, body, message)
    t.true(hint(wanted), descr)
    t.false(hint(/astype\("uint8"\)/), descr)
  }
})

test('a refusal is the same for all values that it is about: it tells what the type allows, and none of them', t => {
  const refusal = (descr: string, body: ArrayBufferView): string => {
    const error = t.throws(() => inputsOf(descr, body), { instanceOf: NpyError })
    return `${error.message}. ${error.hint}`
  }
  const alike: [string, ArrayBufferView, ArrayBufferView][] = [
    ['<u2', Uint16Array.of(0, 4081), Uint16Array.of(17, 29)],
    ['<i2', Int16Array.of(0, 3071), Int16Array.of(-1023, 5)],
    ['<i8', BigInt64Array.of(0n, 113n), BigInt64Array.of(0n, 1n)],
    ['<f8', Float64Array.of(0, 177.25), Float64Array.of(-0.25, 1)],
  ]
  for (const [descr, one, other] of alike) {
    t.is(refusal(descr, one), refusal(descr, other))
    t.notRegex(refusal(descr, one), /4081|3071|113|177|1023[^ ]/)
  }
})

test('columns are taken as they are, whatever their type', t => {
  const options = { shape: [3], pixels: false }
  const types: [string, ArrayBufferView][] = [
    ['|u1', Uint8Array.of(0, 57, 120)],
    ['|i1', Int8Array.of(0, 57, 120)],
    ['<u2', Uint16Array.of(0, 57, 120)],
    ['<i2', Int16Array.of(0, 57, 120)],
    ['<u4', Uint32Array.of(0, 57, 120)],
    ['<i4', Int32Array.of(0, 57, 120)],
    ['<u8', BigUint64Array.of(0n, 57n, 120n)],
    ['<i8', BigInt64Array.of(0n, 57n, 120n)],
    ['<f4', Float32Array.of(0, 57, 120)],
    ['<f8', Float64Array.of(0, 57, 120)],
  ]
  for (const [descr, body] of types) t.deepEqual([...inputsOf(descr, body, options)], [0, 57, 120], descr)
  t.deepEqual([...inputsOf('|b1', Uint8Array.of(0, 1, 1), options)], [0, 1, 1])
})

test('columns that float32 or a number cannot hold are refused', t => {
  const options = { shape: [2], pixels: false }
  t.true(hintOf('<f8', Float64Array.of(0, 1e39), /a value in record 0 that is beyond float32$/, options)(/larger unit/))
  t.true(hintOf('<f8', Float64Array.of(0, -Infinity), /value that is not finite/, options)(/Remove/))
  const identifiers = BigInt64Array.of(0n, 2n ** 60n)
  t.true(hintOf('<i8', identifiers, /has integers beyond 2\^53/, options)(/measurement/))
})

test('big-endian arrays are read as little-endian ones are', t => {
  const options = { shape: [2], pixels: false }
  const types: [string, ArrayBufferView, number][] = [
    ['>u2', Uint16Array.of(1, 300), 2],
    ['>i4', Int32Array.of(1, 300), 4],
    ['>i8', BigInt64Array.of(1n, 300n), 8],
    ['>f4', Float32Array.of(1, 300), 4],
    ['>f8', Float64Array.of(1, 300), 8],
  ]
  for (const [descr, body, size] of types) {
    t.deepEqual([...inputsOf(descr, swapBytes(body, size), options)], [1, 300], descr)
  }
})

test('arrays in Fortran order are turned into C order', t => {
  const [count, height, width, channels] = [3, 2, 4, 2] as const
  const inOrder = Uint8Array.from({ length: count * height * width * channels }, (_, index) => index * 5)
  const turned = new Uint8Array(inOrder.length)
  let at = 0
  for (let c = 0; c < channels; c++)
    for (let x = 0; x < width; x++)
      for (let y = 0; y < height; y++)
        for (let n = 0; n < count; n++) turned[at++] = inOrder[((n * height + y) * width + x) * channels + c]!
  const options = { own: [count, height, width, channels], shape: [height, width, channels] }
  t.deepEqual(inputsOf('|u1', turned, { ...options, fortran: true }), inputsOf('|u1', inOrder, options))
})

test('more values than the limit are refused before memory is set aside', t => {
  const array = parseNpy(npy(new Uint8Array(12), { shape: [2, 2, 3] }))
  const error = t.throws(() => createInputReader(array, { shape: [2, 3, 1], pixels: true }, 2), {
    instanceOf: NpyError,
  })
  t.regex(error!.message, /holds 12 values, more than 8/)
})
