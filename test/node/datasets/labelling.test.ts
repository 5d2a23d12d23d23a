// Claims of node/datasets/labelling.ts: label, patient and split from folders, lists and names, and no guess where two fit.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import {
  combinedLabelling,
  FOLDER_LABELLING,
  type ListColumns,
  listLabelling,
  patientListLabelling,
  patternLabelling,
  recordFacts,
} from '../../../node/datasets/labelling.ts'
import { imageContract, keyed, readingOf } from '../../helpers/readings.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const facts = (label: string | null, patient: string | null = null, split: string | null = null) => ({
  ...{ label, patient, split },
})

async function listed(t: ExecutionContext, text: string | Uint8Array, columns?: Partial<ListColumns>) {
  const path = join(await temporaryFolder(t), 'list.csv')
  await writeFile(path, text)
  return listLabelling(path, columns)
}

test('the folder of a file is its label, and a first folder named as one its split', t => {
  const { facts: of } = FOLDER_LABELLING
  t.deepEqual(of('normal/1.png'), facts('normal'))
  t.deepEqual(of('train/normal/1.png'), facts('normal', null, 'train'))
  t.deepEqual(of('validation/site/virus/1.png'), facts('virus', null, 'val'))
  t.deepEqual(of('test/1.png'), facts(null, null, 'test'))
  t.deepEqual(of('1.png'), facts(null))
  t.deepEqual(of('constructor/x/1.png'), facts('x'))
})

test('a list gives label, patient and split, whatever separates its values', async t => {
  for (const mark of [',', ';', '\t']) {
    const lines = ['file,label,patient,split', 'a/1.png,normal,P 1,train', './b\\2.png, virus ,,', '']
    const { facts: of, listed: names } = await listed(t, `\ufeff${lines.join('\r\n').replaceAll(',', mark)}`)
    t.deepEqual(of('a/1.png'), facts('normal', 'P 1', 'train'))
    t.deepEqual(of('b/2.png'), facts('virus'))
    t.deepEqual(of('c'), facts(null))
    t.deepEqual(names, ['a/1.png', 'b/2.png'])
  }
})

test('a list may have other names of columns, quotes, and accents written in another way', async t => {
  const { facts: of } = await listed(t, 'split,path,class\n"te""st","caf\u00e9, 1.png",x\n', {
    file: 'path',
    label: 'class',
  })
  t.deepEqual(of('cafe\u0301, 1.png'), facts('x', null, 'te"st'))
})

test('a label from the folder and a patient from a list go together, and the first that knows a fact says it', async t => {
  const list = await listed(t, 'file,patient,split\ntest/a/1.png,P1,train\n')
  const both = combinedLabelling(FOLDER_LABELLING, list)
  t.deepEqual(both.facts('test/a/1.png'), facts('a', 'P1', 'test'))
  t.deepEqual(combinedLabelling(list, FOLDER_LABELLING).facts('test/a/1.png'), facts('a', 'P1', 'train'))
  t.deepEqual(both.listed, ['test/a/1.png'])
})

test('a list that cannot be used says where and quotes nothing', async t => {
  const cases: [text: string | Uint8Array, message: RegExp, columns?: Partial<ListColumns>][] = [
    ['file,label\nSECRET,x\nb,x\n./SECRET,y\n', /lines 2 and 4 name the same file/],
    ['file,name\nSECRET,x\n', /no column besides/],
    ['name,label\nSECRET,x\n', /no column for the file/],
    ['file,label\nSECRET,x\n', /no column for the patient/, { patient: 'who' }],
    ['file,label,label\nSECRET,x,y\n', /two of its columns have the name for the label/],
    ['file,label\n/etc/SECRET,x\n', /line 2 names no file inside/],
    ['file,label\n../SECRET,x\n', /line 2 names no file inside/],
    ['file,label\nC:\\SECRET,x\n', /line 2 names no file inside/],
    ['file,label\n,x\n', /line 2 names no file inside/],
    ['file,label\nSECRET,x,y\n', /cannot be read as CSV near line 2/],
    [`file,label\n"SECRET${'x'.repeat(100_000)}`, /cannot be read as CSV/],
    ['file,label\n', /names no files/],
    ['', /names no files/],
    [Uint8Array.of(0x66, 0xff, 0xfe, 0x0a), /not UTF-8/],
  ]
  for (const [text, message, columns] of cases) {
    const error = await t.throwsAsync(listed(t, text, columns), { code: 'bad-list', message })
    t.false(`${error!.message}${(error as unknown as { hint: string }).hint}`.includes('SECRET'))
  }
})

test('a list of patients says what holds for all their records, keeps no id, and may name one twice alike', async t => {
  const path = join(await temporaryFolder(t), 'patients.csv')
  const read = async (text: string) => {
    await writeFile(path, text)
    return (await patientListLabelling(path, keyed)).factsOfPatient
  }
  const of = await read('patient,label,split\n P 1 ,a,train\nP 2,,test\nP 1,a,train\n')
  t.deepEqual(of(keyed('P 1')), { label: 'a', split: 'train' })
  t.deepEqual(of(keyed('P 2')), { label: null, split: 'test' })
  t.deepEqual(of(keyed('P 3')), { label: null, split: null })
  const contract = imageContract([1, 1, 1], {}, { patients: true })
  const reading = { contract, keyed, facts: () => facts(null), factsOfPatient: of }
  t.deepEqual(
    recordFacts(reading, 'x', () => keyed('P 1')),
    { label: 0, patient: keyed('P 1'), split: 'train' },
  )
  t.deepEqual(recordFacts({ ...reading, facts: () => facts('b', 'P 2') }, 'x'), {
    ...{ label: 1, patient: keyed('P 2'), split: 'test' },
  })
  t.regex(String(recordFacts(reading, 'x', () => keyed('P 2'))), /nothing says its label/)
  const cases: [text: string, message: RegExp][] = [
    ['patient,label\nSECRET,a\nx,b\nSECRET,b\n', /lines 2 and 4 differ about one patient/],
    ['patient,file\nSECRET,a\n', /no column besides the one of patients/],
    ['file,label\nSECRET,a\n', /no column for the patient/],
    ['patient,label\n,SECRET\n', /line 2 names no patient/],
    ['patient,label\n', /names no patients/],
  ]
  for (const [text, message] of cases) {
    const error = await t.throwsAsync(read(text), { code: 'bad-list', message })
    t.false(`${error!.message}${(error as unknown as { hint: string }).hint}`.includes('SECRET'))
  }
})

test('a pattern takes label and patient from names', t => {
  const digits = patternLabelling('{label}_{patient}_{}.wav').facts
  t.deepEqual(digits('7_george_11.wav'), facts('7', 'george'))
  t.deepEqual(digits('deep/in/7_viv_v1.wav'), facts('7', 'viv'))
  const parts = patternLabelling('{split}/{label}/{patient}-{}.dcm').facts
  t.deepEqual(parts('x/train/normal/P1-2.dcm'), facts('normal', 'P1', 'train'))
  t.deepEqual(patternLabelling('{label}/{patient}/{}').facts('a.b/P-1/any-thing_1.png'), facts('a.b', 'P-1'))
})

test('a name that fits a pattern in two ways, or in none, is unknown', t => {
  const { facts: of } = patternLabelling('{label}/{patient}-{}.dcm')
  for (const name of ['a/P-1-2.dcm', 'a/P.1-2.dcm', 'P-1.dcm', 'a/P1.dcm', 'a/P-1.dcmx', 'a/-1.dcm']) {
    t.deepEqual(of(name), facts(null), name)
  }
})

test('what a pattern takes apart puts the name together again', t => {
  const word = fc.stringMatching(/^[^/\-_.\s]{1,8}$/u)
  const { facts: of } = patternLabelling('{label}-{patient}_{}.png')
  fc.assert(
    fc.property(word, word, word, (label, patient, rest) => {
      const found = of(`${label}-${patient}_${rest}.png`)
      t.deepEqual(found, facts(label.normalize().trim() || null, patient.normalize().trim() || null))
    }),
  )
})

test('a pattern that cannot be used is refused', t => {
  for (const pattern of ['{label}{patient}', '{label}_{label}', '{}', 'x', '{class}_{label}', '{label', 'a}_{label}']) {
    t.throws(() => patternLabelling(pattern), { code: 'bad-pattern' }, pattern)
  }
  t.throws(() => patternLabelling(`{label}${'x'.repeat(600)}`), { code: 'bad-pattern' })
})

test('long names do not slow a pattern down', t => {
  const { facts: of } = patternLabelling('{label}_{patient}_{}.png')
  t.deepEqual(of(`${'_'.repeat(100_000)}.png`), facts(null))
  t.deepEqual(of(`${'a_'.repeat(100_000)}.png`), facts(null))
})

test('a record has the class that its label means, and a patient where the study has them', t => {
  const contract = imageContract([1, 1, 1], {}, { labels: [['NORMAL', 'a']], patients: true })
  const found = (own: Parameters<typeof readingOf>[1], file?: () => Uint8Array | null) =>
    recordFacts({ ...readingOf(contract, own), contract }, 'x', file)
  t.deepEqual(found({ label: ' NORMAL', patient: ' P1 ' }), { label: 0, patient: keyed('P1'), split: null })
  t.deepEqual(
    found({ label: 'b', split: 'test' }, () => keyed('own')),
    { label: 1, patient: keyed('own'), split: 'test' },
  )
  t.deepEqual(
    found({ patient: 'P1' }, () => keyed('own')),
    { label: 0, patient: keyed('P1'), split: null },
  )
  t.regex(String(found({ label: null })), /nothing says its label/)
  t.regex(String(found({ label: 'SECRET' })), /none of the study's classes: /)
  t.false(String(found({ label: 'SECRET' })).includes('SECRET'))
  t.regex(String(found({ patient: ' ' })), /nothing says whose it is/)
  const without = imageContract([1, 1, 1])
  t.deepEqual(recordFacts({ ...readingOf(without, { patient: 'P1' }), contract: without }, 'x'), {
    ...{ label: 0, patient: null, split: null },
  })
})
