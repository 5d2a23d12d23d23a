// Claims of the DICOM reader against odd files that are made by hand: each ends in one line, a record or a plain reason
// without a word of the header, the records are numbers, and the rest of the folder loads.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import test from 'ava'
import { DataChecker } from '../../../../node/datasets/check.ts'
import { readRecords } from '../../../../node/datasets/read-folder.ts'
import { imageContract, keyed } from '../../../helpers/readings.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'
import {
  dicom,
  type Element,
  element,
  elementsOf,
  encapsulated,
  encode,
  type Image,
  meta,
  picture,
  SYNTAX,
} from './files.ts'

const EIGHT: Image = { rows: 12, columns: 16, bitsAllocated: 8 }
const TWELVE: Image = { rows: 12, columns: 16, bitsStored: 12 }
const COLOURS: Image = { ...EIGHT, samples: 3, colour: 'RGB' }

const file = (image: Image, ...more: Element[]): Buffer => dicom(image, picture(image).bytes, { more })
const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer)
const table = (first: number): Element => {
  const entries = words(...Array.from({ length: 4096 }, (_, entry) => entry))
  const parts = [element([0x00283002, 'US', words(4096, first, 12)]), element([0x00283006, 'OW', entries])]
  return [0x00283010, 'SQ', [Buffer.concat(parts)]]
}
const rescale = (slope: string, intercept: string): Element[] => [
  [0x00281052, 'DS', intercept],
  [0x00281053, 'DS', slope],
]

/** Files that are read, and those that are not with the reason. */
async function oddFiles(): Promise<readonly (readonly [bytes: Uint8Array, reason: RegExp | null])[]> {
  const good = file(EIGHT)
  const body = good.subarray(meta(SYNTAX.explicit).length)
  const squeezed = encapsulated([await encode(SYNTAX.first, EIGHT, picture(EIGHT).bytes)])
  return [
    [good, null],
    [file({ ...EIGHT, rows: 13, columns: 17 }), null],
    [file({ ...EIGHT, rows: 3, columns: 5 }), null],
    [file(TWELVE), null],
    [file({ ...TWELVE, bitsStored: 10, highBit: 15 }), null],
    [file({ ...TWELVE, signed: true }, table(0xf800)), null],
    [file(TWELVE, ...rescale('1', '-1024'), table(0xfc00)), null],
    [file({ ...COLOURS, planar: true }), null],
    [file({ ...COLOURS, bitsAllocated: 16, bitsStored: 12 }), null],
    [Buffer.concat([good, Buffer.alloc(999, 0xab)]), null],
    [Buffer.concat([meta(SYNTAX.deflated), deflateRawSync(body)]), null],
    [file(COLOURS, [0x00280006, 'US', 2]), /planar configuration is 2/],
    [file({ ...EIGHT, colour: 'PALETTE COLOR' }), /its colours are a palette/],
    [file(EIGHT, [0x00280004, 'CS', '']), /photometric interpretation is missing/],
    [dicom(EIGHT, new Uint8Array()), /it holds 0 of the 192 bytes/],
    [file({ ...EIGHT, frames: 0 }), /number of frames is no positive/],
    [file(EIGHT, [0x00280008, 'IS', 'LOVELACE']), /number of frames is no number/],
    [file(EIGHT, [0x00280010, 'US', 'LOVELACE']), /number of rows is no 16-bit number/],
    [Buffer.concat([meta(SYNTAX.deflated), deflateRawSync(Buffer.alloc(2 ** 27 + 1))]), /inflates to too many bytes/],
    [dicom(EIGHT, squeezed, { length: squeezed.length }), /pixels are compressed, and it does not say how/],
    [Buffer.concat([meta(SYNTAX.first), body]), /it is JPEG Lossless.*, and its pixels are not compressed/],
    [file({ ...EIGHT, bitsAllocated: 32 }), /allocates 32 bits/],
    [file(TWELVE, ...rescale('1e308', '1e308')), /is beyond 1000000000000000/],
    [file(TWELVE, [0x00281050, 'DS', '1e300'], [0x00281051, 'DS', '1e308']), /is beyond 1000000000000000/],
    [file(TWELVE, ...rescale('1,5', '0')), /slope is no number/],
    [file(TWELVE, [0x00283010, 'SQ', [element([0x00283002, 'US', words(0, 0, 16)])]]), /table lacks/],
    [Buffer.concat([meta(SYNTAX.explicit), ...elementsOf(EIGHT).map(one => element(one))]), /holds no image/],
    [file(EIGHT, [0x00080060, 'CS', 'LOVELACE']), /states no modality that DICOM lists/],
    [file(EIGHT, [0x00080060, 'CS', 'SR']), /its modality is SR, and the study takes CR/],
  ]
}

test('each of 29 odd files has one line, and those that are pictures load', async t => {
  const folder = await temporaryFolder(t)
  const files = await oddFiles()
  t.is(files.length, 29)
  await mkdir(join(folder, 'a'))
  const nameOf = (at: number) => `a/${String(at).padStart(2, '0')}.dcm`
  for (const [at, [bytes]] of files.entries()) await writeFile(join(folder, nameOf(at)), bytes)
  const contract = imageContract([8, 8, 1], {}, { modality: ['CR'] })
  const checker = new DataChecker(contract)
  const facts = () => ({ label: 'a', patient: null, split: null })
  for await (const finding of readRecords(folder, { contract, keyed, facts })) {
    checker.add(finding)
    if (!finding.ok) continue
    const { values } = finding.record!
    t.true(values.every(value => value >= 0 && value <= 1) && new Set(values).size > 5, finding.file)
  }
  const check = checker.result()
  t.deepEqual(
    check.files.map(one => one.file),
    files.map((_, at) => nameOf(at)),
  )
  for (const [at, [, wanted]] of files.entries()) {
    const { ok, reason, faults } = check.files[at]!
    t.is(ok, wanted === null, `${nameOf(at)}: ${reason}`)
    if (wanted !== null) t.regex(reason!, wanted)
    t.is(faults, wanted === null ? 0 : 1)
  }
  t.notRegex(JSON.stringify(check), /LOVELACE|MRN/)
})

test('a lookup table after a rescale begins where the rescaled values do, negative or not', async t => {
  const contract = imageContract([12, 16, 1], { resize: 'none' })
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, '0.dcm'), file(TWELVE, table(0)))
  await writeFile(join(folder, '1.dcm'), file(TWELVE, ...rescale('1', '-1024'), table(0xfc00)))
  const facts = () => ({ label: 'a', patient: null, split: null })
  const values: Float32Array[] = []
  for await (const finding of readRecords(folder, { contract, keyed, facts })) {
    if (finding.ok) values.push(finding.record!.values)
  }
  t.is(values.length, 2)
  t.deepEqual(values[1], values[0])
})
