// Claims of node/datasets/images on damaged and hostile files: each ends in one reason, in bounded time and memory.
import test from 'ava'
import sharp from 'sharp'
import { decodeImage, IMAGE_PIXELS_MAX } from '../../../../node/datasets/images/decode.ts'
import { IMAGE_READER } from '../../../../node/datasets/images/image-reader.ts'
import { FileRefused } from '../../../../node/datasets/reader.ts'
import { Dice } from '../../../helpers/dice.ts'
import { imageContract, readBytes, readingOf, reasonOf } from '../../../helpers/readings.ts'
import { chunk, pngOf, tiffOf } from './files.ts'

const SIZE = { width: 40, height: 30 }
const VALUES = Uint8Array.from({ length: 1200 }, (_, index) => (index * 7919) % 251)
const reading = readingOf(imageContract([30, 40, 1]))
const jpeg = () =>
  sharp(VALUES, { raw: { ...SIZE, channels: 1 } })
    .toColourspace('b-w')
    .jpeg()
    .toBuffer()
const png = () => pngOf({ ...SIZE, data: VALUES, depth: 8, channels: 1 })
const tiff = () => tiffOf({ ...SIZE, values: VALUES })

test('a file that is cut short anywhere is refused', async t => {
  for (const file of [await jpeg(), png(), tiff()]) {
    t.is(reasonOf(await readBytes(IMAGE_READER, file, reading)), '')
    for (let part = 1; part < 40; part += 1) {
      const cut = file.subarray(0, Math.floor((file.length * part) / 40))
      t.regex(reasonOf(await readBytes(IMAGE_READER, cut, reading)), /damaged or cut short|no JPEG|8 or 16 bits|pages/)
    }
    for (let less = 1; less < 4; less += 1) {
      t.regex(reasonOf(await readBytes(IMAGE_READER, file.subarray(0, file.length - less), reading)), /damaged/)
    }
  }
})

test('headers of a billion pixels are refused before anything is allocated', async t => {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(31_623, 0)
  header.writeUInt32BE(31_623, 4)
  header.writeUInt8(8, 8)
  const large = png()
  const bomb = Buffer.concat([large.subarray(0, 8), chunk('IHDR', header), large.subarray(33)])
  const photo = Buffer.from(await jpeg())
  const frame = photo.indexOf(Buffer.from([0xff, 0xc0]))
  photo.writeUInt16BE(31_623, frame + 5)
  photo.writeUInt16BE(31_623, frame + 7)
  const page = tiffOf({ ...SIZE, values: VALUES })
  page.writeUInt32LE(31_623, 8 + 2 + 8)
  page.writeUInt32LE(31_623, 8 + 2 + 12 + 8)
  const before = process.memoryUsage().rss
  for (const file of [bomb, photo, page]) {
    t.regex(reasonOf(await readBytes(IMAGE_READER, file, reading)), new RegExp(`more than ${IMAGE_PIXELS_MAX} pixels`))
  }
  t.true(process.memoryUsage().rss - before < 2 ** 27)
})

test('what another format is, whatever its name, is not decoded', async t => {
  const gif = await sharp(VALUES, { raw: { ...SIZE, channels: 1 } })
    .gif()
    .toBuffer()
  const webp = await sharp(VALUES, { raw: { ...SIZE, channels: 1 } })
    .webp()
    .toBuffer()
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>')
  for (const file of [gif, webp, svg, Buffer.from('hello'), new Uint8Array()]) {
    t.false(IMAGE_READER.takes('x.png', file))
    t.regex(reasonOf(await readBytes(IMAGE_READER, file, reading)), /no JPEG, PNG or TIFF/)
  }
  await t.throwsAsync(sharp(gif).metadata(), { message: /unsupported image format/ })
})

test('bytes that are changed at random decode or are refused, and a PNG never decodes to other values', async t => {
  const dice = new Dice(7, 0)
  for (const [kind, file] of [
    ['jpeg', await jpeg()],
    ['png', png()],
    ['tiff', tiff()],
  ] as const) {
    for (let round = 0; round < 150; round += 1) {
      const changed = Buffer.from(file)
      // behind the magic, so that it stays of its kind
      const at = 8 + dice.below(file.length - 8)
      changed[at] = changed[at]! ^ (1 + dice.below(255))
      try {
        const { values, height, width, channels } = await decodeImage(changed, () => {})
        t.is(values.length, height * width * channels)
        if (kind === 'png') t.deepEqual(new Uint8Array(values), VALUES)
      } catch (error) {
        t.is((error as Error).constructor, FileRefused)
      }
    }
  }
})
