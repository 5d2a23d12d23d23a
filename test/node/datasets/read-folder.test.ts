// Claims of node/datasets/read-folder.ts: each file of a folder ends in one finding, and real data end in the records meant.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import sharp from 'sharp'
import { openCodec } from '../../../node/datasets/dicom/codec.ts'
import { dicomReader } from '../../../node/datasets/dicom/dicom-reader.ts'
import { FOLDER_LABELLING, listLabelling } from '../../../node/datasets/labelling.ts'
import { readRecords } from '../../../node/datasets/read-folder.ts'
import type { Finding } from '../../../node/datasets/reader.ts'
import { gathered, imageContract, keyed, readBytes, readingOf, reasonOf, valuesOf } from '../../helpers/readings.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import vectors from '../../vectors/dicom-sha256.json' with { type: 'json' }
import jpegVectors from '../../vectors/jpeg-sha256.json' with { type: 'json' }
import { npy } from './arrays.ts'
import { dicom } from './dicom/files.ts'
import { pngOf } from './images/files.ts'

const DATA = process.env['CONFRERE_DATA'] ?? ''
const CHEST = join(DATA, 'chest-xray-jpeg')
const DICOM = join(DATA, 'dicom')
const there = DATA !== '' && existsSync(CHEST) && existsSync(DICOM)
const sample = there ? test : test.skip
const reason = there ? '' : ' (skipped: CONFRERE_DATA names no folder with chest-xray-jpeg/ and dicom/)'

const PIXELS = Uint8Array.of(0, 50, 100, 150, 200, 255)
const PNG = pngOf({ width: 3, height: 2, data: PIXELS, depth: 8, channels: 1 })
const DCM = dicom({ rows: 2, columns: 3, bitsAllocated: 8 }, PIXELS)
const contract = imageContract([2, 3, 1])
const reading = { contract, keyed, facts: FOLDER_LABELLING.facts }
const byName = (findings: readonly Finding[]) => new Map(findings.map(finding => [finding.file, finding]))

test('each file of a mixed folder ends in one finding, and what is no data is named', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'train', 'a'), { recursive: true })
  await mkdir(join(folder, 'b'))
  const files: [string, string | Uint8Array][] = [
    ['train/a/1.png', PNG],
    ['train/a/2', DCM],
    ['b/3.dcm', PNG],
    ['b/4.png', DCM],
    ['b/5.dcm', 'no DICOM file'],
    ['b/6.png', ''],
    ['b/7.txt', 'SECRET'],
    ['b/8.png', PNG.subarray(0, 40)],
    ['9.png', PNG],
    ['b/array.npy', npy(PIXELS, { shape: [1, 2, 3] })],
    ['index.csv', 'file,label\n'],
  ]
  for (const [name, content] of files) await writeFile(join(folder, name), content)
  await symlink('/dev/zero', join(folder, 'b', 'x'))
  const found = await gathered(readRecords(folder, reading, { except: ['index.csv'] }))
  t.deepEqual(
    found.map(({ file }) => file),
    [
      '9.png',
      'b/3.dcm',
      'b/4.png',
      'b/5.dcm',
      'b/6.png',
      'b/7.txt',
      'b/8.png',
      'b/array.npy',
      'b/x',
      'train/a/1.png',
      'train/a/2',
    ],
  )
  const names = byName(found)
  const good = ['train/a/1.png', 'train/a/2', 'b/3.dcm', 'b/4.png'].map(name => names.get(name)!)
  for (const finding of good) {
    t.deepEqual(
      valuesOf(finding),
      Array.from(PIXELS, value => Math.fround(value / 255)),
    )
    t.is(finding.sha256, good[0]!.sha256)
  }
  t.deepEqual(
    good.map(finding => finding.ok && [finding.record!.label, finding.record!.split]),
    [
      [0, 'train'],
      [0, 'train'],
      [1, null],
      [1, null],
    ],
  )
  const bad = Object.entries({
    'b/5.dcm': /not a DICOM/,
    'b/6.png': /empty/,
    'b/7.txt': /no kind/,
    'b/array.npy': /a single NumPy array without labels.*savez_compressed/,
    'b/8.png': /damaged/,
  })
  for (const [name, words] of bad) t.regex(reasonOf(names.get(name)!), words)
  t.regex(reasonOf(names.get('9.png')!), /nothing says its label/)
  t.false(found.some(finding => /SECRET|\.png|\.dcm|\n/.test(reasonOf(finding))))
})

test('a file that is named itself has no name in its finding, and facts see its name', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'b.png'), PNG)
  const facts = (file: string) => ({ label: file.slice(0, 1), patient: null, split: null })
  const [finding, ...more] = await gathered(readRecords(join(folder, 'b.png'), { contract, keyed, facts }))
  t.is(more.length, 0)
  t.deepEqual([finding!.file, finding!.ok && finding!.record!.label], ['', 1])
})

test('files of another kind than the records of the study are named', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, '1.png'), PNG)
  const vector = { kind: 'vector' as const, shape: [3] as [number], classes: ['a', 'b'] }
  const [finding] = await gathered(readRecords(folder, readingOf(vector as never)))
  t.regex(reasonOf(finding!), /the study's records are of the kind "vector"/)
})

test('a file that a list names and that is not there is named, and one that it does not name has no label', async t => {
  const folder = await temporaryFolder(t)
  for (const name of ['1.png', '2.png']) await writeFile(join(folder, name), PNG)
  await writeFile(join(folder, 'list.csv'), 'file,label,patient\n1.png,b,P1\n3.png,a,P2\n')
  const { facts, listed } = await listLabelling(join(folder, 'list.csv'))
  const own = { ...reading, contract: { ...contract, patients: true as const }, facts }
  const found = await gathered(readRecords(folder, own, { listed, except: ['list.csv'] }))
  t.deepEqual(
    found.map(finding => [finding.file, finding.ok ? finding.record!.patient : finding.reason.slice(0, 22)]),
    [
      ['1.png', keyed('P1')],
      ['2.png', 'nothing says its label'],
      ['3.png', 'the list names it, and'],
    ],
  )
})

sample(
  `480 JPEGs of three classes load with their patients, and an explicit DICOM of each has its tensor${reason}`,
  async t => {
    const columns = { file: 'path', label: 'class', patient: 'patient', split: 'split' }
    const { facts, listed } = await listLabelling(join(CHEST, 'index.csv'), columns)
    const own = imageContract([64, 64, 1], {}, { classes: ['normal', 'bacteria', 'virus'], patients: true })
    const codec = openCodec()
    t.teardown(() => codec.close())
    const counts = new Map<string, number>()
    const patients = new Set<string>()
    const hashes = createHash('sha256')
    const inputs = { contract: own, keyed, facts }
    for await (const finding of readRecords(CHEST, inputs, { listed, except: ['index.csv'] })) {
      if (!finding.ok) return t.fail(finding.reason)
      hashes.update(finding.sha256!)
      const { label, split, patient, values } = finding.record!
      counts.set(`${split}/${own.classes[label]}`, (counts.get(`${split}/${own.classes[label]}`) ?? 0) + 1)
      patients.add(Buffer.from(patient!).toString('hex'))
      t.deepEqual(FOLDER_LABELLING.facts(finding.file), { label: own.classes[label]!, patient: null, split })
      const file = sharp(await readFile(join(CHEST, finding.file)))
      const { channels } = await file.metadata()
      const { data, info } = await file
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .raw()
        .toBuffer({ resolveWithObject: true })
      const colour = channels === 1 ? 'MONOCHROME2' : 'RGB'
      const size = { rows: info.height, columns: info.width, samples: info.channels, bitsAllocated: 8, colour }
      const twin = dicom(size, data)
      const other = await readBytes(dicomReader(codec), twin, readingOf({ ...own, classes: ['a', 'b'] }))
      t.is(other.sha256, finding.sha256)
      t.deepEqual(other.ok && other.record!.values, values)
    }
    t.is(hashes.digest('hex'), jpegVectors.chest)
    t.is(patients.size, 480)
    t.is(
      [...counts.values()].reduce((sum, count) => sum + count, 0),
      480,
    )
    t.is(counts.size, 6)
  },
)

sample(
  `a folder of real DICOM files loads, but for one that is cut short and one without a patient, with the hashes of its vectors${reason}`,
  async t => {
    const facts = () => ({ label: 'a', patient: null, split: null })
    const own = imageContract([32, 32, 1], { fit: 'pad' }, { patients: true })
    const found = await gathered(readRecords(DICOM, { contract: own, keyed, facts }))
    const names = byName(found)
    t.is(names.size, found.length)
    const bad = found.filter(({ ok }) => !ok).map(({ file }) => file)
    t.deepEqual(bad, ['MR_truncated.dcm', 'image_dfl.dcm'])
    t.regex(reasonOf(names.get('image_dfl.dcm')!), /nothing says whose it is/)
    t.regex(reasonOf(names.get('MR_truncated.dcm')!), /damaged: it holds 8130 of the 8192 bytes/)
    t.regex(String((names.get('no_meta.dcm') as { note?: string }).note), /no file header/)
    for (const [name, { sha256 }] of Object.entries(vectors.files)) t.is(names.get(name)?.sha256, sha256, name)
    for (const finding of found) if (finding.ok) t.is(finding.record!.values.length, 1024)
  },
)
