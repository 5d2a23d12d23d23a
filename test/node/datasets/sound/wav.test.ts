// Claims of node/datasets/sound/wav.ts: samples of every format are what the file means; a file that is cut short, lies
// about lengths or contradicts itself is refused with a reason, and nothing else is thrown.

import test from 'ava'
import fc from 'fast-check'
import { FileRefused } from '../../../../node/datasets/reader.ts'
import { isWav, readWav, WAV_CHANNELS_MAX } from '../../../../node/datasets/sound/wav.ts'
import { chunk, extension, float32, formatChunk, int16, riff, type WavParts, wave } from './waves.ts'

function samplesOf(bytes: Uint8Array): number[] {
  const { length, samples } = readWav(bytes)
  return Array.from(samples(0, length))
}

const FORMATS: [name: string, parts: WavParts, expected: number[]][] = [
  ['8 bits, unsigned', { bits: 8, data: Uint8Array.of(0, 128, 192, 255) }, [-1, 0, 0.5, 127 / 128]],
  ['16 bits', { data: int16([-32768, 0, 16384, 1]) }, [-1, 0, 0.5, 1 / 32768]],
  [
    '24 bits',
    { bits: 24, data: Uint8Array.of(0, 0, 128, 0, 0, 64, 1, 0, 0, 255, 255, 255) },
    [-1, 0.5, 2 ** -23, -(2 ** -23)],
  ],
  ['32 bits', { bits: 32, data: new Uint8Array(Int32Array.of(-(2 ** 31), 2 ** 30, 1).buffer) }, [-1, 0.5, 2 ** -31]],
  ['floats', { tag: 3, bits: 32, data: float32([-1, 0.25, 1.5]) }, [-1, 0.25, 1.5]],
  ['extensible PCM', { tag: 0xfffe, extra: extension(1, 16), data: int16([8192]) }, [0.25]],
  ['extensible floats', { tag: 0xfffe, bits: 32, extra: extension(3, 32), data: float32([0.5]) }, [0.5]],
]

test('every format gives the samples that it means', t => {
  for (const [name, parts, expected] of FORMATS) t.deepEqual(samplesOf(wave(parts)), expected, name)
})

test('channels are mixed down by their mean', t => {
  t.deepEqual(samplesOf(wave({ channels: 2, data: int16([16384, -16384, 32767, 1]) })), [0, 0.5])
  t.deepEqual(samplesOf(wave({ channels: 4, bits: 8, data: Uint8Array.of(255, 129, 128, 128) })), [0.25])
})

test('other chunks, odd ones and what follows the end change nothing', t => {
  const odd = chunk('LIST', Uint8Array.of(1, 2, 3))
  const expected = [0, 0.5, -1]
  t.deepEqual(samplesOf(wave({ before: [odd], between: [odd, chunk('bext', new Uint8Array(700))] })), expected)
  t.deepEqual(samplesOf(Buffer.concat([wave(), Buffer.from('TAG of a player')])), expected)
  t.deepEqual(samplesOf(riff([chunk('data', int16([0, 16384, -32768])), formatChunk({})])), expected)
  // an odd number of bytes without its padding, which the length counts or not
  const bytes = wave({ bits: 8, data: Uint8Array.of(0, 128, 192) })
  t.deepEqual(samplesOf(bytes.slice(0, -1)), [-1, 0, 0.5])
  const counted = bytes.slice(0, -1)
  new DataView(counted.buffer).setUint32(4, counted.length - 8, true)
  t.deepEqual(samplesOf(counted), [-1, 0, 0.5])
})

test('a part of the samples is that part', t => {
  const { samples, length, rate } = readWav(wave({ rate: 16_000, data: int16([1, 2, 3, 4, 5]) }))
  t.is(length, 5)
  t.is(rate, 16_000)
  t.deepEqual(
    Array.from(samples(1, 3), value => value * 32768),
    [2, 3],
  )
  t.deepEqual(Array.from(samples(5, 5)), [])
})

const HOSTILE: [name: string, bytes: Uint8Array, reason: RegExp][] = [
  ['empty', new Uint8Array(0), /^it is no WAV file/],
  ['12 bytes', wave().slice(0, 12), /cut short/],
  ['cut in the samples', wave().slice(0, -2), /cut short/],
  ['cut in the format', wave().slice(0, 30), /cut short/],
  ['samples longer than the file', wave({ dataBytes: 8 }), /cut short, or states a wrong length/],
  ['samples of 4 GiB', wave({ dataBytes: 2 ** 32 - 1 }), /cut short/],
  ['a file of 4 GiB', wave({ riffBytes: 2 ** 32 - 1 }), /cut short/],
  ['a file of 0 bytes', wave({ riffBytes: 0 }), /does not say what format/],
  ['no samples stated', wave({ dataBytes: 0 }), /holds no samples|damaged/],
  ['an incomplete sample', wave({ data: Uint8Array.of(1, 2, 3) }), /last sample is incomplete/],
  ['no format', riff([chunk('data', int16([1]))]), /does not say what format/],
  ['no samples', riff([formatChunk({})]), /no chunk of samples/],
  ['two formats', wave({ between: [formatChunk({ rate: 16_000 })] }), /two chunks "fmt"/],
  ['two chunks of samples', wave({ between: [chunk('data', int16([1]))] }), /two chunks "data"/],
  ['a short format', riff([chunk('fmt ', new Uint8Array(14)), chunk('data', int16([1]))]), /format has 14 bytes/],
  ['no channels', wave({ channels: 0 }), /has 0 channels/],
  ['many channels', wave({ channels: WAV_CHANNELS_MAX + 1 }), /has 65 channels/],
  ['no rate', wave({ rate: 0 }), /has 0 samples a second/],
  ['a rate beyond the limit', wave({ rate: 192_001 }), /has 192001 samples a second/],
  ['12 bits', wave({ bits: 12 }), /format 1 with 12 bits, which is not read: convert/],
  ['A-law', wave({ tag: 6, bits: 8 }), /format 6 with 8 bits/],
  ['64-bit floats', wave({ tag: 3, bits: 64, data: new Uint8Array(8) }), /format 3 with 64 bits/],
  ['extensible without its rest', wave({ tag: 0xfffe }), /extensible format is incomplete/],
  ['extensible of an unknown kind', wave({ tag: 0xfffe, extra: new Uint8Array(24) }), /a format that is not read/],
  ['a NaN', wave({ tag: 3, bits: 32, data: float32([0, Number.NaN]) }), /sample 2 is not a finite number/],
  ['an infinity', wave({ tag: 3, bits: 32, data: float32([Number.NEGATIVE_INFINITY]) }), /sample 1 is not/],
  [
    'infinities that cancel',
    wave({ tag: 3, bits: 32, channels: 2, data: float32([1 / 0, -1 / 0]) }),
    /sample 1 is not/,
  ],
  [
    'thousands of chunks',
    wave({ before: Array.from({ length: 2000 }, () => chunk('junk', new Uint8Array(0))) }),
    /1024 chunks/,
  ],
]

test('a file that is not what it states is refused, and the reason says why', t => {
  for (const [name, bytes, reason] of HOSTILE) {
    const error = t.throws(() => samplesOf(bytes), { instanceOf: FileRefused }, name)
    t.regex(error.message, reason, name)
  }
})

test('kinds of WAV that are not read are known, and refused by name', t => {
  for (const kind of ['RIFX', 'RF64', 'BW64']) {
    const bytes = Buffer.from(wave())
    bytes.write(kind, 'latin1')
    t.true(isWav(bytes))
    t.throws(() => readWav(bytes), { instanceOf: FileRefused, message: new RegExp(`of the kind ${kind}`) })
  }
  const avi = Buffer.from(wave())
  avi.write('AVI ', 8, 'latin1')
  t.false(isWav(avi))
  t.false(isWav(new Uint8Array(3)))
})

test('whatever is cut or changed in a file, it is read or refused, and nothing else is thrown', t => {
  const bases = FORMATS.map(([, parts]) => wave({ ...parts, between: [chunk('LIST', Uint8Array.of(1, 2, 3))] }))
  fc.assert(
    fc.property(
      fc.constantFrom(...bases),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }),
      fc.nat(90),
      (base, changes, cut) => {
        const bytes = Uint8Array.from(base.subarray(0, Math.max(0, base.length - Math.max(0, cut - 40))))
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        try {
          t.true(samplesOf(bytes).every(Number.isFinite))
        } catch (error) {
          t.true(error instanceof FileRefused, String(error))
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('16-bit samples come back as they were written', t => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 1 }), values => {
      t.deepEqual(
        samplesOf(wave({ data: int16(values) })),
        values.map(value => value / 32768),
      )
    }),
  )
})
