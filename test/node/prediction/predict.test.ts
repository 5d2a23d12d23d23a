// Claims of node/prediction: a record without a label gets the probabilities that `scores` gives it in a data set, from
// every kind of file; what does not fit is named with a reason, and the rest is predicted.

import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { fileSource } from '../../../node/config/data-source.ts'
import { readRecords } from '../../../node/datasets/read-folder.ts'
import type { DataSource } from '../../../node/datasets/source.ts'
import { readStudyRecords } from '../../../node/datasets/study-records.ts'
import { predictionWriter } from '../../../node/prediction/format.ts'
import { classAt, NOTICE, type Prediction, predictions } from '../../../node/prediction/predict.ts'
import { recordsToPredict } from '../../../node/prediction/records.ts'
import { passingDoor } from '../../../node/privacy/patient-door.ts'
import { parseStudySpec } from '../../../node/study/study-spec.ts'
import { type Backend, loadBackend } from '../../../node/training/backend.ts'
import { scores } from '../../../node/training/evaluation.ts'
import { openScorer, type ScoredModel } from '../../../node/training/scorer.ts'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { dimensionOf, parameterSpecs } from '../../../protocols/study/parameters.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { gathered, imageContract, readingOf } from '../../helpers/readings.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { dicom } from '../datasets/dicom/files.ts'
import { uniforms } from '../training/engines.ts'

const DATA = process.env['CONFRERE_DATA'] ?? ''
const sample = existsSync(join(DATA, 'dicom')) ? test : test.skip
const skipped = existsSync(join(DATA, 'dicom')) ? '' : ' (skipped: CONFRERE_DATA names no folder of samples)'

let backend: Backend
test.before(async () => {
  backend = await loadBackend({ engine: 'wasm' })
})

function modelOf(contract: DataContract, model: ModelSpec = { preset: 'logistic' }): ScoredModel {
  const random = uniforms('a model')
  const parameters = Float32Array.from({ length: dimensionOf(parameterSpecs(model, contract)) }, () => random() - 0.5)
  return { backend, document: { ...testStudy(testSigners(4), {}), contract, model }, parameters }
}

async function predicted(model: ScoredModel, ...paths: string[]): Promise<Prediction[]> {
  const { contract } = model.document
  const scorer = openScorer(model)
  async function* found() {
    for (const path of paths) yield* recordsToPredict(path, contract)
  }
  const all = await gathered(predictions(found(), { scorer, contract }))
  scorer.dispose()
  return all
}

const reasonsOf = (all: readonly Prediction[]) => all.flatMap(one => ('reason' in one ? [one.reason] : []))
const figuresOf = (all: readonly Prediction[]) => all.flatMap(one => ('reason' in one ? [] : one.probabilities))

function same(t: ExecutionContext, actual: readonly number[], expected: ArrayLike<number>): void {
  t.is(actual.length, expected.length)
  t.true(actual.length > 0)
  t.true(Math.max(...actual.map((one, at) => Math.abs(one - expected[at]!))) < 1e-6)
}

/** Requires that files without labels are predicted as the data set with them is scored. */
async function asScored(t: ExecutionContext, model: ScoredModel, source: Partial<DataSource> & { path: string }) {
  const { contract } = model.document
  const all = { ...fileSource(source.path, 'test'), ...source }
  const dataset = await readStudyRecords(contract, all, { door: passingDoor(), cache: null })
  const found = await predicted(model, source.path)
  same(t, figuresOf(found), scores({ ...model, dataset }))
  return found
}

const template = async (name: string): Promise<DataContract> => {
  const file = join(import.meta.dirname, '../../../node/templates', `${name}.toml`)
  return parseStudySpec(await readFile(file, 'utf8'), file, { hospitals: 'later' }).contract as DataContract
}

sample(`JPEG files of a folder are predicted as the data set is scored, without their labels${skipped}`, async t => {
  const contract = { ...imageContract([32, 32, 1]), classes: ['normal', 'bacteria', 'virus'] }
  const path = join(DATA, 'chest-xray-jpeg', 'test')
  const found = await asScored(t, modelOf(contract, { preset: 'cnn', filters: [4], groups: 2 }), { path })
  t.true(found.every(({ place }) => place.file.startsWith(path) && place.row === null))
})

sample(
  `rows of heart disease are predicted as they are scored; those that the study leaves out are named${skipped}`,
  async t => {
    const path = join(DATA, 'heart-disease', 'processed.hungarian.data')
    const found = await asScored(t, modelOf(await template('heart-disease')), { path })
    t.is(found.length, 294)
    const [first] = found.filter(one => 'reason' in one)
    t.regex((first as { reason: string }).reason, /^column ".+" holds nothing, and the study leaves such rows out$/)
    t.true(first!.place.row! > 0)
  },
)

sample(`abstracts are predicted as they are scored${skipped}`, async t => {
  const path = join(DATA, 'medical-abstracts', 'medical_tc_test.csv')
  const found = await asScored(t, modelOf(await template('abstracts')), { path })
  t.deepEqual(found.map(({ place }) => place.row).slice(0, 2), [1, 2])
})

sample(`sounds are predicted as they are scored${skipped}`, async t => {
  const model: ModelSpec = { preset: 'conv1d', filters: [8], taps: 3, groups: 4 }
  const source = { path: join(DATA, 'spoken-digits'), names: '{label}_{patient}_{}.wav' }
  await asScored(t, modelOf(await template('spoken-digits'), model), source)
})

sample(`DICOM files: radiographs are predicted as they are scored; MR and CT are refused each${skipped}`, async t => {
  const contract = imageContract([32, 32, 1], {}, { modality: ['CR', 'DX', 'RG'] })
  const path = join(DATA, 'dicom')
  const model = modelOf(contract)
  const found = await predicted(model, path)
  const labelled = (await gathered(readRecords(path, readingOf(contract)))).flatMap(one =>
    one.ok ? [one.record!] : [],
  )
  const inputs = (record: number, into: Float32Array) => into.set(labelled[record]!.values)
  const dataset = { count: labelled.length, shape: contract.shape, inputs, labels: new Int32Array(labelled.length) }
  same(t, figuresOf(found), scores({ ...model, dataset }))
  const reasonOf = (name: string) => reasonsOf(found.filter(({ place }) => place.file === join(path, name)))
  t.deepEqual(reasonOf('MR_small.dcm'), ['its modality is MR, and the study takes CR, DX or RG: leave it out'])
  t.is(found.length, 13)
})

sample(`a file that is cut short is refused, and the next one is predicted${skipped}`, async t => {
  const contract = imageContract([32, 32, 1], {}, { modality: ['MR'] })
  const paths = ['MR_truncated.dcm', 'MR_small.dcm'].map(name => join(DATA, 'dicom', name))
  const found = await predicted(modelOf(contract), ...paths)
  t.regex(reasonsOf(found)[0]!, /^it is damaged: it holds 8130 of the 8192 bytes of its pixels\. \S/)
  t.deepEqual(
    found.map(({ place }) => place.file),
    paths,
  )
  t.is(figuresOf(found).length, 2)
})

test('a lateral picture, one without a view, colours and a palette are refused where the contract does not take them', async t => {
  const folder = await temporaryFolder(t)
  const contract = imageContract([2, 3, 1], { resize: 'none', grey: [0, 255] }, { view: ['PA', 'AP'] })
  const image = { rows: 2, columns: 3, bitsAllocated: 8 }
  const view = (code: string) => ({ more: [[0x00185101, 'CS', code]] as const })
  const pixels = Uint8Array.of(0, 50, 100, 150, 200, 255)
  const files = {
    'a-frontal.dcm': dicom(image, pixels, view('PA')),
    'b-lateral.dcm': dicom(image, pixels, view('LL')),
    'c-unsaid.dcm': dicom(image, pixels),
    'd-colours.dcm': dicom({ ...image, samples: 3, colour: 'RGB' }, new Uint8Array(18), view('PA')),
    'e-palette.dcm': dicom({ ...image, colour: 'PALETTE COLOR' }, pixels, view('PA')),
  }
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  const found = await predicted(modelOf(contract), folder, join(folder, 'gone.dcm'))
  const [lateral, unsaid, colours, palette, gone] = reasonsOf(found)
  t.is(lateral, 'its view position is LL, and the study takes PA or AP: leave it out')
  t.regex(unsaid!, /^it states no view position/)
  t.regex(colours!, /^it is a colour image/)
  t.regex(palette!, /its colours are a palette/)
  t.regex(gone!, /^The records cannot be read: it is not there\. /)
  t.is(figuresOf(found).length, 2)
})

test('every record of every array of an archive is predicted, with labels and without', async t => {
  const folder = await temporaryFolder(t)
  const contract: DataContract = { kind: 'vector', shape: [3], classes: ['no', 'yes'] }
  const model = modelOf(contract)
  const vectors = (count: number) => ({
    values: Float32Array.from({ length: 3 * count }, (_, at) => at / 7),
    shape: [count, 3],
  })
  const [with2, bare] = [join(folder, 'a.npz'), join(folder, 'b.npz')]
  const labels = (count: number) => ({ values: new Uint8Array(count), shape: [count] })
  const both = {
    train_vectors: vectors(300),
    train_labels: labels(300),
    test_vectors: vectors(2),
    test_labels: labels(2),
  }
  await writeFile(with2, encodeNpz(both))
  await writeFile(bare, encodeNpz({ vectors: vectors(300) }))
  const [first, second] = [await predicted(model, with2), await predicted(model, bare)]
  t.deepEqual(
    [0, 299, 300, 301].map(at => first[at]!.place),
    [
      ...[1, 300].map(row => ({ file: with2, array: 'train_vectors', row })),
      ...[1, 2].map(row => ({ file: with2, array: 'test_vectors', row })),
    ],
  )
  const dataset = await readStudyRecords(contract, fileSource(with2, 'train'), { door: passingDoor(), cache: null })
  same(t, figuresOf(first.slice(0, 300)), scores({ ...model, dataset }))
  same(t, figuresOf(second), figuresOf(first.slice(0, 300)))
  await writeFile(bare, encodeNpz({ test_labels: labels(2) }))
  t.regex(
    reasonsOf(await predicted(model, bare))[0]!,
    /it has no array vectors or images; it holds test_labels\. Save it/,
  )
})

test('files of one kind in a study of another, and an answer that is no number, are reasons', async t => {
  const folder = await temporaryFolder(t)
  const text: DataContract = { kind: 'text', shape: [16], words: 1, classes: ['a', 'b'], text: 'words', label: 'kind' }
  const file = join(folder, 'rows.csv')
  await writeFile(file, 'words,other\nsome words,1\n,2\n')
  const model = modelOf(text)
  const found = await predicted(model, file)
  t.is(figuresOf(found).length, 2)
  t.deepEqual(reasonsOf(found), ['column "words" holds no words'])
  t.regex(
    reasonsOf(await predicted(modelOf(imageContract([2, 2, 1])), file))[0]!,
    /the study's records are of the kind "image"/,
  )
  const wrong = { ...model, parameters: model.parameters.map(() => Number.NaN) }
  t.regex(reasonsOf(await predicted(wrong, file))[0]!, /^the model's answer is not a number: /)
  await copyFile(file, join(folder, 'rows.txt'))
  await mkdir(join(folder, 'empty'))
  t.deepEqual(await predicted(model, join(folder, 'empty')), [])
  t.regex(reasonsOf(await predicted(model, join(folder, 'rows.txt')))[0]!, /^it is of no kind that is read/)
})

test('two classes: the second from the threshold on; more: the largest, if it reaches the threshold', t => {
  t.is(classAt([0.5, 0.5]), 1)
  t.is(classAt([0.6, 0.4]), 0)
  t.is(classAt([0.6, 0.4], 0.3), 1)
  t.is(classAt([0.2, 0.5, 0.3]), 1)
  t.is(classAt([0.2, 0.5, 0.3], 0.5), 1)
  t.is(classAt([0.2, 0.5, 0.3], 0.6), null)
})

test('every form of output says what model it was, and that it is no medical device', t => {
  const by = {
    study: 'ab'.repeat(32),
    name: 'S',
    classes: ['no', 'a,"b"'],
    round: 7,
    checkpoint: 'cd'.repeat(32),
    threshold: 0.4,
  }
  const place = { file: 'x\u001b[2J=1.png', array: null, row: 3 }
  const one: Prediction = {
    place,
    probabilities: [0.25, 0.75],
    scores: [0.25, 0.75],
    predicted: 1,
    values: new Float32Array(0),
  }
  const fault: Prediction = { place, reason: 'it is empty: copy it again, or remove it' }
  const counts = { predicted: 1, refused: 1 }
  const outputOf = (format: 'table' | 'jsonl' | 'csv') => {
    const writer = predictionWriter(format, by, 1)
    return [...writer.head(), writer.line(one, 'h.png'), writer.line(fault, null), ...writer.foot(counts)]
  }
  const table = outputOf('table')
  t.true(table[0] === NOTICE && table.at(-1)!.endsWith(NOTICE) && table[1]!.includes('checkpoint cdcdcdcdcdcd'))
  t.false(table.join('').includes('\u001b'))
  const objects = outputOf('jsonl').map(line => JSON.parse(line))
  t.like(objects[0], {
    ...place,
    class: 'a,"b"',
    study: by.study,
    checkpoint: by.checkpoint,
    notice: NOTICE,
    heatMap: 'h.png',
  })
  t.like(objects[1], { file: place.file, error: fault.reason, notice: NOTICE })
  const csv = outputOf('csv')
  t.true(csv[0]!.startsWith('file,array,row,class,p(no),"p(a,""b"")",threshold,heatMap,error,study,'))
  t.true(csv.slice(1).every(line => line.includes(NOTICE) && line.includes(by.checkpoint)))
  t.true(csv[2]!.includes(fault.reason))
})
