// Claims of node/study/table-*.ts: a spec's table becomes a study that spends its epsilon on that alone, with the bins that
// make a median's interval shortest; what is about training beside it is refused by name; intervals hold the exact figures of
// real rows at epsilon 1, and the plan says how wide they will be.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { OperatorError } from '../../../node/errors.ts'
import { documentOfSpec, parseStudySpec } from '../../../node/study/study-spec.ts'
import { tableFigures } from '../../../node/study/table-figures.ts'
import { expectedTable, withBestTable } from '../../../node/study/table-plan.ts'
import { tableCsv, tableLines, tableSentences } from '../../../node/study/table-text.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { tableLayout } from '../../../protocols/study/table.ts'
import { benchTable, offOf } from '../../../sim/bench/table.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { tableSpecText } from '../../helpers/study/table-study.ts'

const documentOf = (table: string, how: { top?: string; privacy?: string } = {}) => {
  const spec = parseStudySpec(tableSpecText(table, how), 'spec', { hospitals: 'later' })
  const hospital = plannedHospitals(4)
  return documentOfSpec({ ...spec, hospital }, { created: '2026-01-01T00:00:00Z', file: 'spec' }).document
}

test('a spec with [table] counts all numeric columns once, and spends its epsilon on that', t => {
  const document = documentOf('')
  t.deepEqual(document.table!.columns, ['age', 'weight'])
  t.deepEqual(document.schedule, [{ kind: 'table', rounds: 1 }])
  t.deepEqual(document.model, { preset: 'none' })
  const { colluding } = plannedEpsilons(document)
  t.true(colluding <= 1 && colluding > 0.99)
  t.is(document.table!.bins, withBestTable(document).table!.bins)
  const few = documentOf('columns = ["age"]\nbins = 8\nbyClass = true', { top: 'rounds = 2' })
  t.deepEqual(few.table, { columns: ['age'], bins: 8, byClass: true })
  t.deepEqual(few.schedule, [{ kind: 'table', rounds: 2 }])
  t.true(plannedEpsilons(few).colluding <= 1)
})

test('what is about training does not go with [table], and the error names it', t => {
  const refused: [string, string][] = [
    ['[model]\npreset = "logistic"', 'model'],
    ['[optimizer]\nlearningRate = 1', 'optimizer'],
    ['[evaluation]', 'evaluation'],
    ['[normalisation]', 'normalisation'],
  ]
  for (const [more, name] of refused) {
    const text = `${tableSpecText('')}\n${more}\n`
    const error = t.throws(() => parseStudySpec(text, 'a.toml', { hospitals: 'later' }), { instanceOf: OperatorError })
    t.regex(error.message, new RegExp(`"${name}" does not go with \\[table\\]`))
    t.notThrows(() => parseStudySpec(text.replace(more, ''), 'a.toml', { hospitals: 'later' }))
  }
  const sampled = t.throws(() => documentOf('', { privacy: 'sampleRate = 0.5' }), { instanceOf: OperatorError })
  t.regex(sampled.message, /"privacy\.sampleRate" does not go with/)
  const unknown = t.throws(() => documentOf('columns = ["ward"]'), { instanceOf: OperatorError })
  t.regex(unknown.message, /no numeric column "ward"/)
})

test('words say what is counted and how far off to expect it, and fewer columns are less off', t => {
  const [all, one] = [documentOf(''), documentOf('columns = ["age"]')]
  const text = tableSentences(all).join('\n')
  t.regex(text, /Nothing is trained\./)
  t.regex(text, /age, weight/)
  t.regex(text, /missing values of weight are counted apart/)
  t.true(expectedTable(one)!.mean < expectedTable(all)!.mean)
  t.true(expectedTable(documentOf('byClass = true'))!.mean > expectedTable(all)!.mean)
  const empty = initialCheckpoint(all)
  t.is(tableFigures(all, empty), null, 'no round has had a result')
})

test('figures that the noise hides are said to be hidden, and CSV leaves their cells empty', t => {
  const document = documentOf('bins = 4')
  const layout = tableLayout(document)!
  const hidden = tableFigures(document, { ...initialCheckpoint(document), round: 1 })!
  t.is(hidden.columns[0]!.groups[0]!.mean, null)
  t.regex(tableLines(hidden).join('\n'), /hidden by the noise/)
  t.true(tableCsv(hidden).includes('age,,mean,,,'))
  const table = new Float32Array(layout.dimension)
  table.set([150, 250])
  for (const [bin, count] of [40, 160, 160, 40].entries()) {
    table[layout.binAt(0, 0, bin)] = count
    table[layout.binAt(1, 0, bin)] = count / 2
  }
  table[layout.binAt(1, 0, 4)] = 200
  const { columns, units } = tableFigures(document, { ...initialCheckpoint(document), round: 1, table })!
  const [age, weight] = columns.map(({ groups }) => groups[0]!)
  t.is(Math.round(units.value), 400)
  t.is(age!.missing, null)
  t.is(Math.round(weight!.missing!.value), 200)
  t.is(age!.mean!.value, 50)
  t.true(age!.mean!.low < 50 && age!.mean!.high > 50)
  t.is(age!.quartiles[1]!.figure!.value, 50)
  for (const { figure } of age!.quartiles) t.true(figure!.low <= figure!.value && figure!.value <= figure!.high)
  t.true(weight!.mean!.high - weight!.mean!.low > 0)
})

const DATA = process.env['CONFRERE_DATA']
const there = DATA !== undefined && existsSync(join(DATA, 'heart-disease'))
const sample = there ? test : test.skip
const skipped = there ? '' : ' (skipped: CONFRERE_DATA names no folder with heart-disease/)'
const REPEATS = 50

for (const how of [{}, { byClass: true }, { missing: true }]) {
  sample(
    `heart disease at epsilon 1, ${JSON.stringify(how)}: intervals hold the exact means, quartiles and counts${skipped}`,
    async t => {
      const rng = seededRng(`table ${JSON.stringify(how)}`)
      const { rows, bins, expected, units } = await benchTable({ data: DATA!, repeats: REPEATS, rng, ...how })
      t.is(units, 'missing' in how ? 920 : 740)
      for (const kind of ['count', 'mean', 'quartile'] as const) {
        const some = rows.filter(row => row.kind === kind)
        const held = some.reduce((sum, { covered }) => sum + covered, 0) / some.length / REPEATS
        t.true(held >= 0.9, `${kind}: ${held}`)
        const off = some.map(row => offOf(row).rms / row.range)
        t.log(
          kind,
          `${bins} bins, held in ${(100 * held).toFixed(1)} %, off by ${(100 * Math.max(...off)).toFixed(1)} % at most`,
        )
        // of 50 draws of 95 %, fewer than 41 hold once in ten thousand
        for (const { figure, covered } of some) t.true(covered >= 41, `${figure}: ${covered} of ${REPEATS}`)
      }
      const means = rows.filter(({ kind }) => kind === 'mean')
      for (const row of means) {
        // a tenth of the rows lacks its fasting sugar
        t.true(offOf(row).half / row.range < 1.15 * expected.mean, row.figure)
        t.true(row.shown.every(one => one !== null))
      }
    },
  )
}
