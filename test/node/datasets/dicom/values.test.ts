// Claims of node/datasets/dicom/values.ts: each function of PS3.3 C.11 in numbers worked out by hand.
import test from 'ava'
import { openCodec } from '../../../../node/datasets/dicom/codec.ts'
import { DicomError } from '../../../../node/datasets/dicom/error.ts'
import { firstFrame, storedFrames } from '../../../../node/datasets/dicom/frame.ts'
import { readDicom } from '../../../../node/datasets/dicom/header.ts'
import { greyValues, modalityValues, type Voi } from '../../../../node/datasets/dicom/values.ts'
import { dicom, type Element, element, type Image } from './files.ts'

const codec = openCodec()
test.after.always(() => codec.close())

const IMAGE: Image = { rows: 1, columns: 4, bitsStored: 12 }
const WORDS = [0, 100, 1000, 4095]

async function open(more: readonly Element[], image: Image = IMAGE) {
  const file = readDicom(dicom(image, new Uint8Array(Uint16Array.from(WORDS).buffer), { more }))
  return { header: file.header, stored: await firstFrame(file, codec) }
}

async function grey(more: readonly Element[], voi: Voi, image?: Image): Promise<number[]> {
  const { header, stored } = await open(more, image)
  return Array.from(greyValues(header, stored, voi))
}

const RESCALE: Element[] = [
  [0x00281052, 'DS', '-1024'],
  [0x00281053, 'DS', ' 0.5 '],
]
const words = (...list: number[]) => new Uint8Array(Uint16Array.from(list).buffer)

function table(tag: number, entries: Uint8Array, [count, first, bits]: readonly [number, number, number]): Element {
  const lut = [element([0x00283002, 'US', words(count, first, bits)]), element([0x00283006, 'OW', entries])]
  return [tag, 'SQ', [Buffer.concat(lut)]]
}

test('modality values are slope times stored value plus intercept', async t => {
  const { header, stored } = await open(RESCALE)
  t.deepEqual([...modalityValues(header, stored)], [-1024, -974, -524, 1023.5])
  const plain = await open([])
  t.deepEqual([...modalityValues(plain.header, plain.stored)], WORDS)
})

test('a modality lookup table maps what lies outside it to its ends', async t => {
  const { header, stored } = await open([table(0x00283000, words(7, 8, 9), [3, 99, 16])])
  t.deepEqual([...modalityValues(header, stored)], [7, 8, 9, 9])
})

test('the linear window has its middle half a step below the center', async t => {
  const window = { center: 100.5, width: 201 }
  t.deepEqual(await grey([], { kind: 'window', window }), [0, 0.5, 1, 1])
  const exact = { kind: 'window', window: { center: 100, width: 400 }, windowFunction: 'LINEAR_EXACT' } as const
  t.deepEqual(await grey([], exact), [0.25, 0.5, 1, 1])
  const sigmoid = { kind: 'window', window: { center: 100, width: 400 }, windowFunction: 'SIGMOID' } as const
  t.deepEqual((await grey([], sigmoid)).slice(0, 2), [Math.fround(1 / (1 + Math.exp(1))), 0.5])
})

test('a window of width 1 is a threshold', async t => {
  t.deepEqual(await grey([], { kind: 'window', window: { center: 100.5, width: 1 } }), [0, 0, 1, 1])
})

test("the file's first window is taken, and its lookup table before that", async t => {
  const windows: Element[] = [
    [0x00281050, 'DS', '100.5\\50'],
    [0x00281051, 'DS', '201\\10'],
  ]
  t.deepEqual(await grey(windows, { kind: 'file' }), [0, 0.5, 1, 1])
  const lut = table(0x00283010, Uint8Array.of(0, 51, 255, 0), [3, 99, 8])
  t.deepEqual(await grey([...windows, lut], { kind: 'file' }), [0, Math.fround(0.2), 1, 1])
  await t.throwsAsync(grey([], { kind: 'file' }), { instanceOf: DicomError, message: /neither a window/ })
})

test('MONOCHROME1 is inverted on the way to grey, not in its modality values', async t => {
  const image = { ...IMAGE, colour: 'MONOCHROME1' }
  const range = await grey([], { kind: 'range' }, image)
  t.deepEqual([range[0], range[3]], [1, 0])
  t.deepEqual(await grey([], { kind: 'window', window: { center: 100.5, width: 201 } }, image), [1, 0.5, 0, 0])
  const { header, stored } = await open([], image)
  t.deepEqual([...modalityValues(header, stored)], WORDS)
})

test('the range is that of the stored bits, rescaled; a negative slope keeps low values dark', async t => {
  t.deepEqual(
    await grey(RESCALE, { kind: 'range' }),
    WORDS.map(word => Math.fround(word / 4095)),
  )
  const falling: Element[] = [[0x00281053, 'DS', '-2']]
  t.deepEqual(
    (await grey(falling, { kind: 'range' })).map(value => value > 0.5),
    [true, true, true, false],
  )
})

test('an enhanced image has a rescale and a window for each frame, else shared ones', async t => {
  const group = (tag: number, ...elements: Element[]) =>
    element([tag, 'SQ', [Buffer.concat(elements.map(one => element(one)))]])
  const rescale = (slope: string) => group(0x00289145, [0x00281052, 'DS', '0'], [0x00281053, 'DS', slope])
  const window = group(0x00289132, [0x00281050, 'DS', '100.5'], [0x00281051, 'DS', '201'])
  const more: Element[] = [
    [0x52009229, 'SQ', [window]],
    [0x52009230, 'SQ', [rescale('1'), rescale('2')]],
  ]
  const file = readDicom(dicom({ ...IMAGE, columns: 2, frames: 2 }, words(1, 100, 1, 50), { more }))
  const read: number[][] = []
  for await (const stored of storedFrames(file, codec)) {
    const frame = read.length / 2
    read.push(
      [...modalityValues(file.header, stored, frame)],
      [...greyValues(file.header, stored, { kind: 'file' }, frame)],
    )
  }
  t.deepEqual(
    [read[0], read[2]],
    [
      [1, 100],
      [2, 100],
    ],
  )
  t.deepEqual([read[1]![1], read[3]![1]], [0.5, 0.5])
})

test('a width below 1, a slope of 0 and a number that is none are refused', async t => {
  await t.throwsAsync(grey([], { kind: 'window', window: { center: 0, width: 0.5 } }), {
    message: /window is narrower/,
  })
  await t.throwsAsync(open([[0x00281053, 'DS', '0']]), { instanceOf: DicomError, message: /slope is 0/ })
  for (const text of ['1,5', 'NaN', '1e999', '0x10', '-']) {
    await t.throwsAsync(open([[0x00281053, 'DS', text]]), { instanceOf: DicomError, message: /slope is no number/ })
  }
})
