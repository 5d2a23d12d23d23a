// Claims of node/datasets/images/{decode,image-reader}.ts: the stored values of a file are those of the record, in its own
// depth, whatever sharp would do by itself; what is not clear is refused by name.
import { createHash } from 'node:crypto'
import test from 'ava'
import { encode } from 'fast-png'
import sharp, { type Sharp } from 'sharp'
import { IMAGE_READER } from '../../../../node/datasets/images/image-reader.ts'
import { imageContract, readBytes, readingOf, reasonOf, valuesOf } from '../../../helpers/readings.ts'
import vectors from '../../../vectors/jpeg-sha256.json' with { type: 'json' }
import { chunk, pngOf, tiffOf } from './files.ts'

const GREY = Uint8Array.from({ length: 48 }, (_, index) => index * 5)
const DEEP = Uint16Array.from({ length: 48 }, (_, index) => index * 1361 + 7)
const over = (values: ArrayLike<number>, top: number) => Array.from(values, value => Math.fround(value / top))

const raw = (channels: 1 | 3 | 4 = 1, values: Uint8Array = GREY): Sharp =>
  sharp(values, {
    raw: { width: channels === 1 ? 8 : 4, height: values.length / channels / (channels === 1 ? 8 : 4), channels },
  })
const grey = (): Sharp => raw().toColourspace('b-w')
const read = (
  file: Uint8Array,
  shape: [number, number, number] = [6, 8, 1],
  ...pixels: Parameters<typeof imageContract>[1][]
) => readBytes(IMAGE_READER, file, readingOf(imageContract(shape, { resize: 'none', ...pixels[0] })))

test('PNG and TIFF files of 8 and 16 bits give their stored values by their own depth, and the hash of these', async t => {
  const cases: [file: Uint8Array, values: Uint8Array | Uint16Array, top: number][] = [
    [pngOf({ width: 8, height: 6, data: GREY, depth: 8, channels: 1 }), GREY, 255],
    [pngOf({ width: 8, height: 6, data: DEEP, depth: 16, channels: 1 }), DEEP, 65_535],
    [await grey().tiff({ compression: 'none' }).toBuffer(), GREY, 255],
    [await grey().tiff({ compression: 'lzw' }).toBuffer(), GREY, 255],
    [tiffOf({ width: 8, height: 6, values: GREY }), GREY, 255],
    [tiffOf({ width: 8, height: 6, values: DEEP }), DEEP, 65_535],
    [tiffOf({ width: 8, height: 6, values: DEEP, big: true }), DEEP, 65_535],
  ]
  for (const [file, values, top] of cases) {
    const finding = await read(file)
    t.deepEqual(valuesOf(finding), over(values, top))
    t.is(finding.sha256, createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'))
  }
})

test('colour of 8 and 16 bits stays colour, or becomes grey by the fixed luma', async t => {
  for (const [data, depth] of [
    [GREY, 8],
    [DEEP, 16],
  ] as const) {
    const top = 2 ** depth - 1
    const file = pngOf({ width: 4, height: 4, data, depth, channels: 3 })
    t.deepEqual(valuesOf(await read(file, [4, 4, 3])), over(data, top))
    const luma = Array.from({ length: 16 }, (_, at) =>
      Math.floor((299 * data[3 * at]! + 587 * data[3 * at + 1]! + 114 * data[3 * at + 2]! + 500) / 1000),
    )
    t.deepEqual(valuesOf(await read(file, [4, 4, 1])), over(luma, top))
  }
})

test('a grey file is refused where a study wants colours', async t => {
  const file = pngOf({ width: 8, height: 6, data: GREY, depth: 8, channels: 1 })
  t.regex(reasonOf(await read(file, [6, 8, 3])), /it is grey/)
  t.regex(reasonOf(await read(file, [6, 8, 2])), /2 channels/)
})

test('a pair of the contract is in stored values, clipped', async t => {
  const file = pngOf({ width: 8, height: 6, data: DEEP, depth: 16, channels: 1 })
  const values = valuesOf(await read(file, [6, 8, 1], { grey: [1000, 50_000] }))
  t.deepEqual(
    values,
    Array.from(DEEP, v => Math.fround(Math.min(Math.max((v - 1000) / 49_000, 0), 1))),
  )
})

test('an embedded colour profile, a gamma and a resolution change no value', async t => {
  const plain = await raw(3).png().toBuffer()
  const profiled = await raw(3).withIccProfile('p3').png().toBuffer()
  // the bytes of the first file in the words of the second: the profile is there, and the values are what they were
  const [before, after] = [splitPng(plain), splitPng(profiled)]
  t.true(after.some(({ type }) => type === 'iCCP'))
  const profile = after.find(({ type }) => type === 'iCCP')!.bytes
  const gamma = chunk('gAMA', Uint8Array.of(0, 0, 0x20, 0))
  const mixed = Buffer.concat([
    plain.subarray(0, 8),
    before[0]!.bytes,
    gamma,
    profile,
    ...before.slice(1).map(({ bytes }) => bytes),
  ])
  t.deepEqual(valuesOf(await read(mixed, [4, 4, 3])), over(GREY, 255))
  t.notDeepEqual([...(await sharp(mixed).raw().toBuffer())], [...GREY])
})

function splitPng(file: Uint8Array): { type: string; bytes: Buffer }[] {
  const all = Buffer.from(file)
  const chunks: { type: string; bytes: Buffer }[] = []
  for (let at = 8; at < all.length; ) {
    const end = at + 12 + all.readUInt32BE(at)
    chunks.push({ type: all.toString('latin1', at + 4, at + 8), bytes: all.subarray(at, end) })
    at = end
  }
  return chunks
}

test('a palette is read as its colours, and alpha where all of it is opaque', async t => {
  t.deepEqual(valuesOf(await read(await raw(3).png({ palette: true }).toBuffer(), [4, 4, 3])), over(GREY, 255))
  for (const [data, depth, channels] of [
    [GREY, 8, 2],
    [DEEP, 16, 2],
    [GREY, 8, 4],
    [DEEP, 16, 4],
  ] as const) {
    const top = 2 ** depth - 1
    const opaque = data.map((value, index) => (index % channels === channels - 1 ? top : value))
    const size = { width: 4, height: 12 / channels, depth, channels }
    const kept = opaque.filter((_, index) => index % channels !== channels - 1)
    const shape: [number, number, number] = [size.height, 4, channels - 1]
    t.deepEqual(valuesOf(await read(pngOf({ ...size, data: opaque }), shape)), over(kept, top))
    opaque[channels - 1] = top - 1
    t.regex(reasonOf(await read(pngOf({ ...size, data: opaque }), shape)), /transparent/)
  }
})

test('a picture that its camera turned comes out upright, and its turned size counts', async t => {
  const turned = await raw()
    .withMetadata({ orientation: 6 })
    .toColourspace('b-w')
    .tiff({ compression: 'none' })
    .toBuffer()
  const upright = Array.from({ length: 48 }, (_, at) => GREY[(5 - (at % 6)) * 8 + Math.floor(at / 6)]!)
  t.deepEqual(valuesOf(await read(turned, [8, 6, 1])), over(upright, 255))
  t.regex(reasonOf(await read(turned, [6, 8, 1])), /6 x 8 pixels, and the study takes 8 x 6/)
})

test('a TIFF whose white is 0 comes out the right way round', async t => {
  const inverted = tiffOf({ width: 8, height: 6, values: GREY.map(value => 255 - value), photometric: 0 })
  t.deepEqual(valuesOf(await read(inverted)), over(GREY, 255))
})

test('what is not clear is refused by name', async t => {
  const cases: [name: string, file: Uint8Array, reason: RegExp][] = [
    ['CMYK', await raw(3).toColourspace('cmyk').jpeg().toBuffer(), /CMYK/],
    ['Lab', await raw(3).toColourspace('lab').tiff({ compression: 'none' }).toBuffer(), /neither grey nor RGB/],
    ['1 bit', await grey().tiff({ bitdepth: 1 }).toBuffer(), /8 or 16 bits/],
    ['float', tiffOf({ width: 8, height: 6, values: Float32Array.from(GREY) }), /8 or 16 bits/],
    ['32 bits', tiffOf({ width: 8, height: 6, values: Uint32Array.from(GREY) }), /8 or 16 bits/],
    ['pages', tiffOf({ width: 8, height: 6, values: GREY, pages: 3 }), /3 pages/],
    ['animated', animated(), /animated/],
    ['size', pngOf({ width: 4, height: 12, data: GREY, depth: 8, channels: 1 }), /4 x 12 pixels/],
  ]
  for (const [name, file, reason] of cases) t.regex(reasonOf(await read(file)), reason, name)
})

function animated(): Uint8Array {
  const png = splitPng(pngOf({ width: 8, height: 6, data: GREY, depth: 8, channels: 1 }))
  const control = chunk('acTL', Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 0))
  const start = encode({ width: 1, height: 1, data: new Uint8Array(1), depth: 8, channels: 1 }).subarray(0, 8)
  return Buffer.concat([start, png[0]!.bytes, control, ...png.slice(1).map(({ bytes }) => bytes)])
}

test('without a contract a file is only decoded', async t => {
  const file = pngOf({ width: 8, height: 6, data: GREY, depth: 8, channels: 1 })
  const finding = await readBytes(IMAGE_READER, file, readingOf(null))
  t.true(finding.ok && finding.record === null)
  t.is(finding.sha256, createHash('sha256').update(GREY).digest('hex'))
})

test('a JPEG decodes to the bits that are pinned', async t => {
  const finding = await readBytes(IMAGE_READER, Buffer.from(vectors.file, 'base64'), readingOf(null))
  t.is(finding.sha256, vectors.sha256)
})
