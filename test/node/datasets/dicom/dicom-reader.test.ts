// Claims of node/datasets/dicom/dicom-reader.ts: DICOM files become the records that image files of the same pixels become;
// what a file means by its values is kept, and what does not fit is refused without a word of the header.
import { createHash } from 'node:crypto'
import test from 'ava'
import { openCodec } from '../../../../node/datasets/dicom/codec.ts'
import { dicomReader } from '../../../../node/datasets/dicom/dicom-reader.ts'
import { IMAGE_READER } from '../../../../node/datasets/images/image-reader.ts'
import { imageContract, keyed, readBytes, readingOf, reasonOf, valuesOf } from '../../../helpers/readings.ts'
import { pngOf } from '../images/files.ts'
import { dicom, type Element, encapsulated, encode, type Image, picture, SECRETS, SYNTAX } from './files.ts'

const codec = openCodec()
test.after.always(() => codec.close())
const READER = dicomReader(codec)

const EIGHT: Image = { rows: 2, columns: 3, bitsAllocated: 8 }
const PIXELS = Uint8Array.of(0, 50, 100, 150, 200, 255)
const contract = (pixels: Parameters<typeof imageContract>[1] = {}) =>
  imageContract([2, 3, 1], { resize: 'none', ...pixels })
const read = (file: Uint8Array, own = contract(), facts = {}) => readBytes(READER, file, readingOf(own, facts))
const window = (center: string, width: string): Element[] => [
  [0x00281050, 'DS', center],
  [0x00281051, 'DS', width],
]
const over = (values: ArrayLike<number>, top: number) => Array.from(values, value => Math.fround(value / top))

test('8-bit pixels without a window give the record of a PNG of the same pixels, in every size and fit', async t => {
  const image: Image = { rows: 31, columns: 47, bitsAllocated: 8 }
  const { bytes } = picture(image)
  const png = pngOf({ width: 47, height: 31, data: bytes, depth: 8, channels: 1 })
  for (const fit of ['stretch', 'pad', 'crop'] as const) {
    for (const side of [1, 16, 64]) {
      const own = imageContract([side, side, 1], { fit })
      const [one, other] = [await read(dicom(image, bytes), own), await readBytes(IMAGE_READER, png, readingOf(own))]
      t.deepEqual(valuesOf(one), valuesOf(other))
      t.is(one.sha256, other.sha256)
    }
  }
})

test('the same values in another syntax give the same record and the same hash', async t => {
  const image: Image = { rows: 2, columns: 3, bitsStored: 12 }
  const values = Uint16Array.of(0, 1, 100, 1000, 4000, 4095)
  const bytes = new Uint8Array(values.buffer)
  const plain = await read(dicom(image, bytes))
  t.deepEqual(valuesOf(plain), over(values, 4095))
  t.is(plain.sha256, createHash('sha256').update(bytes).digest('hex'))
  for (const syntax of [SYNTAX.rle, SYNTAX.jpegLs, SYNTAX.jpeg2000]) {
    const packed = dicom(image, encapsulated([await encode(syntax, image, bytes)]), { syntax })
    t.deepEqual(await read(packed), plain)
  }
})

test('MONOCHROME1 comes out the right way round, and with a window of its own too', async t => {
  const inverted = { ...EIGHT, colour: 'MONOCHROME1' }
  t.deepEqual(
    valuesOf(await read(dicom(inverted, PIXELS))),
    Array.from(PIXELS, v => Math.fround(1 - v / 255)),
  )
  const [plain, turned] = [EIGHT, inverted].map(image => dicom(image, PIXELS, { more: window('100', '101') }))
  t.deepEqual(valuesOf(await read(plain!)), [0, 0.005, 0.505, 1, 1, 1].map(Math.fround))
  t.deepEqual(valuesOf(await read(turned!)), [1, 0.995, 0.495, 0, 0, 0].map(Math.fround))
})

test('a pair means values of the modality, rescaled and clipped, whatever window the file has', async t => {
  const image: Image = { rows: 2, columns: 3, bitsStored: 16, signed: true }
  const stored = Int16Array.of(-2000, -24, 0, 1024, 1424, 3000)
  const more: Element[] = [...window('40', '400'), [0x00281052, 'DS', '-1024'], [0x00281053, 'DS', '1']]
  const file = dicom(image, new Uint8Array(stored.buffer), { more })
  const values = valuesOf(await read(file, contract({ grey: [-1000, 400] })))
  t.deepEqual(values, [0, 0, 0, 1000 / 1400, 1, 1].map(Math.fround))
})

test('twins of a picture in MONOCHROME1 and MONOCHROME2 are the same record: a pair is of shades where no unit is stated', async t => {
  const twins = (stored: readonly number[], image: Image, more: Element[] = []) => {
    const turned = stored.map(value => (image.signed ? -1 : 2 ** image.bitsStored! - 1) - value)
    const file = (colour: string, values: number[]) =>
      dicom({ ...image, colour }, new Uint8Array(Uint16Array.from(values).buffer), { more })
    return [file('MONOCHROME2', [...stored]), file('MONOCHROME1', turned)]
  }
  const twelve: Image = { rows: 2, columns: 3, bitsStored: 12 }
  const unstated: Element[][] = [
    [],
    [
      [0x00281052, 'DS', '0'],
      [0x00281053, 'DS', '1'],
      [0x00281054, 'LO', 'US'],
    ],
    [
      [0x00281052, 'DS', '0'],
      [0x00281053, 'DS', '2'],
      [0x00281054, 'LO', 'US'],
    ],
  ]
  for (const more of unstated) {
    for (const grey of [[100, 4000], 'display'] as const) {
      const [plain, turned] = twins([0, 1, 100, 1000, 4000, 4095], twelve, more)
      const expected = valuesOf(await read(plain!, contract({ grey: grey === 'display' ? grey : [...grey] })))
      t.true(new Set(expected).size > 2)
      t.deepEqual(valuesOf(await read(turned!, contract({ grey: grey === 'display' ? grey : [...grey] }))), expected)
    }
  }
  const signed = twins([-2048, -100, 0, 100, 1000, 2047], { ...twelve, signed: true })
  const [one, other] = await Promise.all(signed.map(file => read(file, contract({ grey: [-100, 1000] }))))
  t.deepEqual(valuesOf(one!), [0, 0, 100 / 1100, 200 / 1100, 1, 1].map(Math.fround))
  t.deepEqual(valuesOf(other!), valuesOf(one!))
})

test('values with a unit stay what they are, whichever way round they are shown', async t => {
  const image: Image = { rows: 2, columns: 3, bitsStored: 12, signed: true, colour: 'MONOCHROME1' }
  const stored = Int16Array.of(-1024, -500, 0, 40, 400, 1000)
  const expected = Array.from(stored, value => Math.fround(Math.min(Math.max((value + 1000) / 2000, 0), 1)))
  const rescaled = (intercept: string): Element[] => [
    [0x00281052, 'DS', intercept],
    [0x00281053, 'DS', '1'],
  ]
  const units: [more: Element[], low: number, high: number][] = [
    [[[0x00080060, 'CS', 'CT']], -1000, 1000],
    [[...rescaled('0'), [0x00281054, 'LO', 'HU']], -1000, 1000],
    [rescaled('-24'), -1024, 976],
  ]
  for (const [more, low, high] of units) {
    const file = dicom(image, new Uint8Array(stored.buffer), { more })
    t.deepEqual(valuesOf(await read(file, contract({ grey: [low, high] }))), expected)
  }
})

test('a study takes the views that it names; a lateral picture, and one that states no view, is refused', async t => {
  const own = { ...contract(), view: ['PA', 'AP'] }
  const of = (view?: string) => dicom(EIGHT, PIXELS, { more: view === undefined ? [] : [[0x00185101, 'CS', view]] })
  for (const taken of ['PA', 'AP', ' AP ']) t.true((await read(of(taken), own)).ok)
  for (const lateral of ['LL', 'RL']) {
    const reason = `its view position is ${lateral}, and the study takes PA or AP: leave it out`
    t.is(reasonOf(await read(of(lateral), own)), reason)
  }
  for (const unlisted of [undefined, '', 'LOVELACE', 'll', `LL\\PA`]) {
    const finding = await read(of(unlisted), own)
    t.regex(reasonOf(finding), /^it states no view position that DICOM lists, and the study takes PA or AP: /)
    t.false(/LOVELACE|ll\\/.test(JSON.stringify(finding)))
  }
  t.true((await read(of('LL'))).ok)
})

test('a study takes the modalities that it names, and a refusal names a code of the standard and nothing else', async t => {
  const own = { ...contract(), modality: ['CR', 'DX', 'RG'] }
  const of = (modality: string) => dicom(EIGHT, PIXELS, { more: [[0x00080060, 'CS', modality]] })
  for (const taken of ['CR', 'DX', ' RG ']) t.true((await read(of(taken), own)).ok)
  const { ok, ...other } = await read(of('MR'), own)
  t.is(ok, false)
  t.like(other, { reason: 'its modality is MR, and the study takes CR, DX or RG: leave it out' })
  for (const unlisted of ['', 'LOVELACE', 'LOVELACE ADA', 'mr', `MR\\CR`, 'LOVELACE^ADA BYRON']) {
    const finding = await read(of(unlisted), own)
    t.regex(reasonOf(finding), /^it states no modality that DICOM lists, and the study takes CR, DX or RG: /)
    t.false(/LOVELACE|mr/.test(JSON.stringify(finding)))
  }
  t.true((await read(of('MR'))).ok)
  const png = pngOf({ width: 3, height: 2, data: PIXELS, depth: 8, channels: 1 })
  t.true((await readBytes(IMAGE_READER, png, readingOf(own))).ok)
})

test('colour files give colours, or grey by the luma that PNG files get', async t => {
  const image: Image = { rows: 2, columns: 1, samples: 3, bitsAllocated: 8, colour: 'RGB' }
  const png = pngOf({ width: 1, height: 2, data: PIXELS, depth: 8, channels: 3 })
  for (const channels of [1, 3]) {
    const own = imageContract([2, 1, channels], { resize: 'none' })
    const values = valuesOf(await read(dicom(image, PIXELS), own))
    t.deepEqual(values, valuesOf(await readBytes(IMAGE_READER, png, readingOf(own))))
  }
  const hounsfield = imageContract([2, 1, 1], { grey: [0, 1] })
  t.regex(reasonOf(await read(dicom(image, PIXELS), hounsfield)), /colour image/)
  t.regex(reasonOf(await read(dicom(EIGHT, PIXELS), imageContract([2, 3, 3]))), /it is grey/)
})

test('the patient is the one of the header where nothing else says it, and only where the study has patients', async t => {
  const file = dicom(EIGHT, PIXELS)
  const own = { ...contract(), patients: true as const }
  const patientOf = async (...args: Parameters<typeof read>) => {
    const finding = await read(...args)
    return finding.ok ? finding.record!.patient : finding.reason
  }
  t.deepEqual(await patientOf(file, own), keyed(SECRETS.patient))
  t.deepEqual(await patientOf(file, own, { patient: 'P7' }), keyed('P7'))
  t.is(await patientOf(file), null)
  const nameless = dicom(EIGHT, PIXELS, { more: [[0x00100020, 'LO', '  ']] })
  t.regex(String(await patientOf(nameless, own)), /nothing says whose it is/)
})

test('what does not fit is refused, and no reason holds a word of the header', async t => {
  const cases: [file: Uint8Array, reason: RegExp][] = [
    [dicom(EIGHT, PIXELS, { more: [[0x00280301, 'CS', 'YES']] }), /Burned In Annotation: YES/],
    [dicom({ ...EIGHT, frames: 2 }, Buffer.concat([PIXELS, PIXELS])), /2 frames/],
    [dicom({ ...EIGHT, rows: 3, columns: 2 }, PIXELS), /2 x 3 pixels/],
    [dicom(EIGHT, PIXELS.subarray(0, 4)), /damaged: it holds 4 of the 6 bytes/],
    [dicom(EIGHT, PIXELS, { more: window('1', '0') }), /window is narrower than the standard allows for LINEAR/],
    [dicom(EIGHT, PIXELS).subarray(0, 300), /damaged|no image/],
    [Buffer.from(`not a DICOM file, but of ${SECRETS.name}`), /it is not a DICOM file/],
    [dicom({ ...EIGHT, rows: 60_000, columns: 60_000 }, PIXELS), /more than/],
  ]
  for (const [file, reason] of cases) {
    const finding = await read(file)
    t.regex(reasonOf(finding), reason)
    t.false(Object.values(SECRETS).some(secret => JSON.stringify(finding).includes(secret)))
    t.false(reasonOf(finding).includes('\n'))
  }
})

test('without a contract the first frame is decoded, and names burnt in are still refused', async t => {
  const two = dicom({ ...EIGHT, frames: 2 }, Buffer.concat([PIXELS, PIXELS]))
  const finding = await readBytes(READER, two, readingOf(null))
  t.true(finding.ok && finding.record === null)
  t.regex(finding.ok ? (finding.note ?? '') : '', /^it has 2 frames, and the first alone was read/)
  const headless = await readBytes(READER, two.subarray(132 + 12 + 28), readingOf(null))
  t.regex(headless.ok ? (headless.note ?? '') : '', /no file header.*; it has 2 frames/)
  t.is(((await readBytes(READER, dicom(EIGHT, PIXELS), readingOf(null))) as { note?: string }).note, undefined)
  t.is(finding.sha256, createHash('sha256').update(PIXELS).digest('hex'))
  const burnt = dicom(EIGHT, PIXELS, { more: [[0x00280301, 'CS', 'YES']] })
  t.regex(reasonOf(await readBytes(READER, burnt, readingOf(null))), /burnt/)
})

test('files are taken by their first bytes, and by their name where those are of no other kind', t => {
  const file = dicom(EIGHT, PIXELS)
  t.true(READER.takes('IM0001', file.subarray(0, 1024)))
  t.true(READER.takes('x', file.subarray(132, 600)))
  t.true(READER.takes('x.DCM', Buffer.from('anything')))
  t.false(READER.takes('x.dcm', pngOf({ width: 3, height: 2, data: PIXELS, depth: 8, channels: 1 })))
  t.false(READER.takes('x.csv', Buffer.from('file,label')))
})
