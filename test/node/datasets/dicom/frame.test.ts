// Claims of node/datasets/dicom/{frame,fragments}.ts: every syntax, depth and layout gives the values that were written.
import { deflateRawSync } from 'node:zlib'
import test from 'ava'
import { openCodec } from '../../../../node/datasets/dicom/codec.ts'
import { firstFrame, storedFrames } from '../../../../node/datasets/dicom/frame.ts'
import { readDicom } from '../../../../node/datasets/dicom/header.ts'
import { dicom, element, elementsOf, encapsulated, encode, type Image, meta, picture, SYNTAX } from './files.ts'

const codec = openCodec()
test.after.always(() => codec.close())

const first = async (file: Uint8Array) => Array.from(await firstFrame(readDicom(file), codec))
const IMAGE: Image = { rows: 48, columns: 31 }
const LOSSLESS = ['rle', 'process14', 'first', 'jpegLs', 'jpeg2000', 'highThroughput'] as const
const DEPTHS: readonly Image[] = [
  { ...IMAGE, bitsAllocated: 8 },
  { ...IMAGE, bitsStored: 10 },
  { ...IMAGE, bitsStored: 12 },
  { ...IMAGE, bitsStored: 16 },
  { ...IMAGE, bitsStored: 12, signed: true },
  { ...IMAGE, bitsStored: 16, signed: true },
]

for (const name of LOSSLESS) {
  test(`${name} gives back 8 to 16 bits, signed or not, exactly`, async t => {
    for (const image of DEPTHS) {
      const { values, bytes } = picture(image)
      const frame = await encode(SYNTAX[name], image, bytes)
      t.deepEqual(
        await first(dicom(image, encapsulated([frame]), { syntax: SYNTAX[name] })),
        values,
        JSON.stringify(image),
      )
    }
  })

  test(`${name} gives back colour, pixel after pixel`, async t => {
    const image: Image = { rows: 12, columns: 9, samples: 3, bitsAllocated: 8, colour: 'RGB' }
    const { values, bytes } = picture(image)
    const frame = await encode(SYNTAX[name], image, bytes)
    t.deepEqual(await first(dicom(image, encapsulated([frame]), { syntax: SYNTAX[name] })), values)
  })
}

test('JPEG Baseline is close to what was written, in grey and in colour', async t => {
  for (const image of [
    { rows: 48, columns: 32, bitsAllocated: 8 },
    { rows: 48, columns: 32, bitsAllocated: 8, samples: 3, colour: 'RGB' },
  ]) {
    const pixels = Uint8Array.from({ length: 48 * 32 * (image.samples ?? 1) }, (_, index) => (index / 20) % 200)
    const frame = await encode(SYNTAX.baseline, image, pixels)
    // the encoder turns RGB into YBR, as the standard asks
    const colour = image.samples === 3 ? 'YBR_FULL_422' : 'MONOCHROME2'
    const values = await first(dicom({ ...image, colour }, encapsulated([frame]), { syntax: SYNTAX.baseline }))
    const wrong = values.map((value, index) => Math.abs(value - pixels[index]!))
    t.true(wrong.reduce((sum, error) => sum + error) / wrong.length < 6)
  }
})

test('native syntaxes give the same values', async t => {
  for (const image of DEPTHS) {
    const { values, bytes } = picture(image)
    const swapped = image.bitsAllocated === 8 ? bytes : Buffer.from(bytes).swap16()
    const body = elementsOf(image).map(one => element(one))
    const plain = Buffer.concat([...body, element([0x7fe00010, 'OW', bytes])])
    for (const file of [
      dicom(image, bytes),
      dicom(image, bytes, { syntax: SYNTAX.implicit }),
      dicom(image, swapped, { syntax: SYNTAX.big }),
      Buffer.concat([meta(SYNTAX.deflated), deflateRawSync(plain)]),
    ]) {
      t.deepEqual(await first(file), values)
    }
  }
})

test('big-endian bytes that were written as words are swapped back', async t => {
  const image: Image = { rows: 4, columns: 4, bitsAllocated: 8 }
  const { values, bytes } = picture(image)
  t.deepEqual(await first(dicom(image, Buffer.from(bytes).swap16(), { syntax: SYNTAX.big, vr: 'OW' })), values)
})

test('stored bits that do not begin at bit 0 are shifted, and what lies around them is left out', async t => {
  const image: Image = { rows: 1, columns: 4, bitsStored: 12, highBit: 14, signed: true }
  const words = Uint16Array.of((5 << 3) | 0x8007, (0xfff << 3) | 7, 0x800 << 3, 0x7ff << 3)
  t.deepEqual(await first(dicom(image, new Uint8Array(words.buffer))), [5, -1, -2048, 2047])
})

test('colour after colour becomes pixel after pixel', async t => {
  const image: Image = { rows: 1, columns: 3, samples: 3, bitsAllocated: 8, planar: true, colour: 'RGB' }
  t.deepEqual(
    await first(dicom(image, Uint8Array.of(1, 2, 3, 11, 12, 13, 21, 22, 23, 0))),
    [1, 11, 21, 2, 12, 22, 3, 13, 23],
  )
})

test('frames are told apart by the offset table, by their number, or by their end markers', async t => {
  const image: Image = { rows: 8, columns: 8, frames: 3 }
  const frames = [0, 100, 200].map(add => Uint16Array.from({ length: 64 }, (_, index) => index * 3 + add))
  const pieces = await Promise.all(frames.map(frame => encode(SYNTAX.jpegLs, image, new Uint8Array(frame.buffer))))
  const even = pieces.map(piece => (piece.length % 2 === 0 ? piece : Buffer.concat([piece, Buffer.alloc(1)])))
  const halves = even.flatMap(piece => [piece.subarray(0, 10), piece.subarray(10)])
  const offsets = even.map((_, frame) => even.slice(0, frame).reduce((sum, { length }) => sum + length + 16, 0))
  for (const pixels of [encapsulated(even), encapsulated(halves), encapsulated(halves, offsets)]) {
    const read: number[][] = []
    for await (const frame of storedFrames(readDicom(dicom(image, pixels, { syntax: SYNTAX.jpegLs })), codec)) {
      read.push(Array.from(frame))
    }
    t.deepEqual(
      read,
      frames.map(frame => Array.from(frame)),
    )
  }
})

test('uncompressed frames come one after the other', async t => {
  const image: Image = { rows: 1, columns: 2, frames: 2, bitsAllocated: 8 }
  const read: number[][] = []
  for await (const frame of storedFrames(readDicom(dicom(image, Uint8Array.of(1, 2, 3, 4))), codec)) {
    read.push(Array.from(frame))
  }
  t.deepEqual(read, [
    [1, 2],
    [3, 4],
  ])
})
