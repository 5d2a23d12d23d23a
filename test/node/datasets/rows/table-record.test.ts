// Claims of tables: a row becomes the contract's entries in their order, a number may be written in any way, and a cell
// that does not fit is a reason that names the column and never the cell.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type { Cell } from '../../../../node/datasets/rows/rows.ts'
import { CSV_ROWS } from '../../../../node/datasets/rows/rows-reader.ts'
import { tableRecords } from '../../../../node/datasets/rows/table-record.ts'
import { TABLE, TABLE_SCHEMA, type TableColumn } from '../../../../protocols/study/contracts/table.ts'
import { findings, openedFile, readingOf, tableOf } from './files.ts'

const NOTHING = { label: null, patient: null, split: null }

/** What a row of age, pressure, pain, outcome becomes. */
function made(cells: Cell[], fields: Parameters<typeof tableOf>[0] = {}, facts = {}): unknown {
  const contract = tableOf(fields)
  const record = tableRecords(contract, readingOf(contract), { ...NOTHING, ...facts }).record(cells)
  return typeof record === 'string' ? record : [...record.values, contract.classes[record.label]]
}

test('numbers and categories fill their entries; what is missing is what the contract says', t => {
  t.deepEqual(made([63, 120, '1', 0]), [63, 120, 1, 0, 'healthy'])
  t.deepEqual(made(['63.5', ' 1.2e2 ', 'typical', '1']), [63.5, 120, 0, 1, 'diseased'])
  for (const nothing of [null, '', '  ', '?', ' ? ', -9, '-9', '-9.0']) {
    t.deepEqual(made([nothing, 120, nothing, 0]), [50, 120, 0, 0, 'healthy'])
    t.is(made([63, nothing, '1', 0]), 'column "pressure" holds nothing, and the study leaves such rows out')
  }
  const columns: TableColumn[] = [{ name: 'pain', type: 'category', values: ['1'], missing: 'leave out' }]
  t.is(made([null, 0], { columns, shape: [1] }), 'column "pain" holds nothing, and the study leaves such rows out')
})

test('a number outside of the bounds stays as it is', t => {
  t.deepEqual(made([-5, 1e6, '1', 0]), [-5, 1e6, 1, 0, 'healthy'])
})

test('one number means one label and one category, however it is written', t => {
  for (const one of [1, '1', '1.0', '01', '+1', '1e0', ' 1 ', '1.']) {
    t.deepEqual(made([63, 120, one, one]), [63, 120, 1, 0, 'diseased'], String(one))
  }
  for (const nought of [0, -0, '0', '0.0', '-0', '.0'])
    t.is((made([63, 120, 1, nought]) as unknown[]).at(-1), 'healthy')
  t.is((made([63, 120, 1, 'diseased']) as unknown[]).at(-1), 'diseased')
  const labels: [string, string][] = [
    ['1.0', 'healthy'],
    ['2.50', 'diseased'],
  ]
  t.is((made([63, 120, 1, 1], { labels }) as unknown[]).at(-1), 'healthy')
  t.is((made([63, 120, 1, '2.5'], { labels }) as unknown[]).at(-1), 'diseased')
})

test('two labels that are one number are told apart by their text alone', t => {
  const labels: [string, string][] = [
    ['1', 'healthy'],
    ['01', 'diseased'],
  ]
  t.is((made([63, 120, 1, '1'], { labels }) as unknown[]).at(-1), 'healthy')
  t.is((made([63, 120, 1, '01'], { labels }) as unknown[]).at(-1), 'diseased')
  t.regex(String(made([63, 120, 1, '1.0'], { labels })), /none of the study's classes/)
})

test('a cell that does not fit is a reason that does not quote it', t => {
  const text = /^column "age" holds text instead of a number/
  const comma = /^column "age" holds a number with a comma/
  const infinite = /^column "age" holds no finite number/
  const cases: [cell: Cell, reason: RegExp][] = [
    ['Secret', text],
    ['0x10', text],
    ['1_000', text],
    ['12 mg', text],
    ['1e999', text],
    ['٣', text],
    ['9'.repeat(65), text],
    ['63,5', comma],
    ['1.063,5', comma],
    ['1,063', comma],
    ['NaN', infinite],
    ['-inf', infinite],
    [Number.NaN, infinite],
    [Number.POSITIVE_INFINITY, infinite],
    ['1e39', infinite],
  ]
  for (const [cell, reason] of cases) {
    const found = String(made([cell, 120, '1', 0]))
    t.regex(found, reason)
    t.false(found.includes(String(cell)) && String(cell).length > 3 && cell !== '12 mg', found)
  }
  t.regex(String(made([63, 120, 'Secret', 0])), /^column "pain" holds none of the study's 2 categories/)
  t.regex(String(made([63, 120, '1', 'Secret'])), /^column "outcome" holds none of the study's classes/)
  t.is(made([63, 120, '1', '?']), 'column "outcome" holds no label')
})

test('a number that the contract calls missing is no fault', t => {
  t.deepEqual(made([Number.NaN, 120, '1', 0], { absent: ['NaN'] }), [50, 120, 1, 0, 'healthy'])
  const columns: TableColumn[] = [{ name: 'pain', type: 'category', values: ['?', 'x'], missing: 'leave out' }]
  t.deepEqual(made(['?', 0], { columns, shape: [2] }), [1, 0, 'healthy'])
})

test('the patient is a keyed hash of the trimmed id, and 12.0 is 12', t => {
  const contract = tableOf({ patients: true, patient: 'id', split: 'fold' })
  const { columns, record } = tableRecords(contract, readingOf(contract), { ...NOTHING, split: 'train' })
  t.deepEqual(columns, ['age', 'pressure', 'pain', 'outcome', 'id', 'fold'])
  const patientOf = (id: Cell) => {
    const found = record([63, 120, '1', 0, id, 'test'])
    return typeof found === 'string' ? found : Buffer.from(found.patient!).toString().replace(/\.+$/, '')
  }
  for (const id of [12, '12', ' 12 ', '12.0']) t.is(patientOf(id), '12')
  for (const id of ['012', '12.5', 'P-12', '9007199254740993']) t.is(patientOf(id), id)
  for (const id of [null, '', '?', -9]) t.is(patientOf(id), 'column "id" does not say whose it is')
  const splitOf = (split: Cell) => (record([63, 120, '1', 0, 1, split]) as { split: string | null }).split
  t.is(splitOf(' test '), 'test')
  t.is(splitOf(''), 'train')
})

test('without patients in the contract no id is read', t => {
  const contract = tableOf()
  const reading = { ...readingOf(contract), keyed: () => t.fail() as never }
  const found = tableRecords(contract, reading, { ...NOTHING, patient: 'x' }).record([63, 120, '1', 0])
  t.true(typeof found !== 'string' && found.patient === null && found.split === null)
})

test('any cells become finite values or a reason, never an exception', t => {
  const cell = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.bigInt().map(String))
  fc.assert(
    fc.property(fc.array(cell, { minLength: 4, maxLength: 4 }), cells => {
      const found = made(cells)
      t.true(typeof found === 'string' || (found as unknown[]).slice(0, 4).every(Number.isFinite))
    }),
  )
})

const FOLDER = join(process.env['CONFRERE_DATA'] ?? '', 'heart-disease')
const there = process.env['CONFRERE_DATA'] !== undefined && existsSync(FOLDER)
const sample = there ? test : test.skip
const skipped = there ? '' : ' (skipped: CONFRERE_DATA names no folder with heart-disease/)'

const HEADER = [
  'age',
  'sex',
  'cp',
  'trestbps',
  'chol',
  'fbs',
  'restecg',
  'thalach',
  'exang',
  'oldpeak',
  'slope',
  'ca',
  'thal',
]
const HEART = {
  header: [...HEADER, 'num'],
  label: 'num',
  labels: [['0', 'healthy'], ...['1', '2', '3', '4'].map(text => [text, 'diseased'])] as [string, string][],
  absent: ['?'],
  shape: [14] as [number],
  columns: HEADER.map(
    (name): TableColumn =>
      name === 'sex'
        ? { name, type: 'category', values: ['0', '1'], missing: 'zeros' }
        : { name, type: 'number', low: -10, high: 700, missing: 0 },
  ),
}

const HOSPITALS: [hospital: string, rows: number, diseased: number, missing: number][] = [
  ['cleveland', 303, 139, 6],
  ['hungarian', 294, 106, 782],
  ['switzerland', 123, 115, 273],
  ['va', 200, 149, 698],
]

for (const [hospital, rows, diseased, missing] of HOSPITALS) {
  sample(
    `heart disease at ${hospital}: ${rows} rows, ${diseased} diseased, ${missing} values missing${skipped}`,
    async t => {
      const contract = tableOf(HEART)
      TABLE.check(TABLE_SCHEMA.parse(contract))
      const bytes = readFileSync(join(FOLDER, `processed.${hospital}.data`))
      const found = await findings(CSV_ROWS, openedFile(`processed.${hospital}.data`, bytes), readingOf(contract))
      t.true(found.every(({ ok }) => ok))
      t.is(found.length, rows)
      t.is(found.filter(finding => finding.ok && finding.record?.label === 1).length, diseased)
      t.is(bytes.toString('latin1').split('?').length - 1, missing)
      const whole = tableOf({
        ...HEART,
        columns: HEART.columns.map(column => ({ ...column, missing: 'leave out' as const })),
      })
      const kept = await findings(CSV_ROWS, openedFile('x.data', bytes), readingOf(whole))
      const lines = bytes.toString('latin1').trim().split(/\r?\n/)
      t.is(kept.filter(({ ok }) => ok).length, lines.filter(line => !line.includes('?')).length)
    },
  )
}

sample(`the first row of Cleveland has its values${skipped}`, async t => {
  const bytes = readFileSync(join(FOLDER, 'processed.cleveland.data'))
  const [first] = await findings(CSV_ROWS, openedFile('a.data', bytes), readingOf(tableOf(HEART)))
  t.true(first!.ok && first!.row === 1)
  if (first!.ok) {
    t.deepEqual([...first!.record!.values], [63, 0, 1, 1, 145, 233, 1, 2, 150, 0, 2.3, 3, 0, 6].map(Math.fround))
  }
})
