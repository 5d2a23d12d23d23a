// Claims of texts: the bag of words is the same everywhere, bit for bit, has the norm 1, and forgets what is no word.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { TEXT_CHARACTERS_MAX } from '../../../../node/datasets/rows/limits.ts'
import { CSV_ROWS } from '../../../../node/datasets/rows/rows-reader.ts'
import { hashedWords, textRecords } from '../../../../node/datasets/rows/text-record.ts'
import { findings, openedFile, readingOf, textContract } from './files.ts'

const entriesOf = (text: string, shape: { entries: number; words: number }) =>
  [...hashedWords(text, shape)!].flatMap((value, at) => (value === 0 ? [] : [[at, value]]))

test('a text has the values that an implementation in Python gives', t => {
  const [half, third] = [0.4472135901451111, 0.30151134729385376]
  const text = 'Chest pain, chest PAIN; no fever.'
  t.deepEqual(entriesOf(text, { entries: 4096, words: 1 }), [
    [516, 0.5773502588272095],
    [604, 0.40824830532073975],
    [796, 0.5773502588272095],
    [4094, 0.40824830532073975],
  ])
  t.deepEqual(entriesOf(text, { entries: 4096, words: 2 }), [
    [185, third],
    [516, 0.42640143632888794],
    [604, third],
    [796, 0.42640143632888794],
    [1199, third],
    [3121, third],
    [3951, 0.42640143632888794],
    [4094, third],
  ])
  t.deepEqual(
    entriesOf('\u00d6dem \ufb01brosis \uff15mg \u2167 \u039f\u0394\u039f\u03a3', { entries: 65536, words: 1 }),
    [13634, 28396, 39308, 46108, 47939].map(at => [at, half]),
  )
})

test('case, forms of a character and what stands between words make no difference', t => {
  const shape = { entries: 1024, words: 3 }
  const wanted = hashedWords('\u00f6dem der f\u00fc\u00dfe', shape)
  for (const text of ['O\u0308DEM -- (der) fu\u0308\u00dfe!', '  \u00d6dem\n\tder\u2028F\u00fc\u00dfe.']) {
    t.deepEqual(hashedWords(text, shape), wanted)
  }
  t.notDeepEqual(hashedWords('der \u00f6dem f\u00fc\u00dfe', shape), wanted)
  t.deepEqual(hashedWords('a b', { ...shape, words: 1 }), hashedWords('b a', { ...shape, words: 1 }))
})

test('every text with words has the norm 1, the others have no values', t => {
  const shape = fc.record({ entries: fc.integer({ min: 16, max: 300 }), words: fc.integer({ min: 1, max: 3 }) })
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), shape, (text, of) => {
      const values = hashedWords(text, of)
      const any = /[\p{L}\p{N}]/u.test(text.normalize('NFKC').toLowerCase())
      t.is(values !== null, any)
      if (values === null) return
      const norm = values.reduce((sum, value) => sum + value * value, 0)
      t.true(Math.abs(norm - 1) < 1e-6 && values.every(value => value >= 0) && values.length === of.entries)
    }),
  )
})

test('a row is a text, its label and what else is known of it', t => {
  const contract = textContract({ patients: true, patient: 'id' })
  const facts = { label: null, patient: null, split: 'test' }
  const { columns, record } = textRecords(contract, readingOf(contract), facts)
  t.deepEqual(columns, ['report', 'outcome', 'id'])
  const found = record(['No fever.', 'healthy', 7])
  t.true(typeof found !== 'string' && found.label === 0 && found.split === 'test' && found.patient![0] === 0x37)
  t.is(record(['No fever.', 'healthy', null]), 'column "id" does not say whose it is')
  t.is(
    record(['No fever.', 'Secret', 7]),
    'column "outcome" holds none of the study\'s classes and labels; write one of them',
  )
  for (const nothing of [null, '', '...']) t.is(record([nothing, 'healthy', 7]), 'column "report" holds no words')
  const long = 'a'.repeat(TEXT_CHARACTERS_MAX + 1)
  t.is(record([long, 'healthy', 7]), `column "report" holds more than ${TEXT_CHARACTERS_MAX} characters; shorten it`)
  t.true(typeof record([long.slice(1), 'healthy', 7]) !== 'string')
})

test('whose a text is may be known from elsewhere', t => {
  const contract = textContract({ patients: true })
  const made = (patient: string | null) =>
    textRecords(contract, readingOf(contract), { label: null, patient, split: null }).record(['No fever.', 'healthy'])
  const found = made(' 12 ')
  t.true(typeof found !== 'string' && Buffer.from(found.patient!).toString() === '12..............')
  t.is(made(null), 'nothing says whose it is')
})

const FILE = join(process.env['CONFRERE_DATA'] ?? '', 'medical-abstracts', 'medical_tc_test.csv')
const there = process.env['CONFRERE_DATA'] !== undefined && existsSync(FILE)
const sample = there ? test : test.skip
const skipped = there ? '' : ' (skipped: CONFRERE_DATA names no folder with medical-abstracts/)'

sample(`2888 medical abstracts in five classes are read, each of them${skipped}`, async t => {
  const classes = ['neoplasms', 'digestive', 'nervous', 'cardiovascular', 'general']
  const labels = classes.map((name, at): [string, string] => [`${at + 1}`, name])
  const contract = textContract({ shape: [4096], classes, labels, text: 'medical_abstract', label: 'condition_label' })
  const found = await findings(CSV_ROWS, openedFile('a.csv', readFileSync(FILE)), readingOf(contract))
  const counts = classes.map(
    (_, label) => found.filter(({ ok, ...rest }) => ok && 'record' in rest && rest.record?.label === label).length,
  )
  t.deepEqual(counts, [633, 299, 385, 610, 961])
  t.is(found.length, 2888)
})
