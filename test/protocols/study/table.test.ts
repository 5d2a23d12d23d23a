// Claims of protocols/study/table.ts: a study with a table is refused where anything of training is beside it, and any other
// study where it has no model; a table adds up + and ÷ alone; its rounds are the ones that a budget counts.

import test from 'ava'
import {
  checkpointHash,
  checkpointShape,
  decodeCheckpoint,
  encodeCheckpoint,
  initialCheckpoint,
} from '../../../protocols/model/checkpoint.ts'
import { decodeStudy, encodeStudy, validateStudy } from '../../../protocols/study/document.ts'
import { affordableRounds, chargedEpsilonOf } from '../../../protocols/study/epsilons.ts'
import { planStudy, sumIn } from '../../../protocols/study/plan.ts'
import { mainCharges, mainKind, paysFor, roundKind, roundOfMain } from '../../../protocols/study/rounds.ts'
import { tableAfter, tableEdge, tableLayout, tableNorm } from '../../../protocols/study/table.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { TABLE_CONTRACT, tableStudy } from '../../helpers/study/table-study.ts'

const study = testStudy(testSigners(4), tableStudy())

test('a study with a table comes back from its bytes; its sums are as long as its layout', t => {
  for (const byClass of [false, true]) {
    const document = testStudy(testSigners(4), tableStudy({ byClass }))
    t.deepEqual(decodeStudy(encodeStudy(document)), document)
    const layout = tableLayout(document)!
    // labels; of each group 4 bins and a sum of age; 4 bins, the missing ones and a sum of weight
    t.is(layout.dimension, 2 + (byClass ? 2 : 1) * (5 + 6))
    t.is(sumIn(planStudy(document), 1).dimension, layout.dimension)
    const groups = byClass ? [0, 1] : [0]
    const places = groups.flatMap(group => [
      ...[0, 1, 2, 3].map(bin => layout.binAt(0, group, bin)),
      layout.sumAt(0, group),
      ...[0, 1, 2, 3, 4].map(bin => layout.binAt(1, group, bin)),
      layout.sumAt(1, group),
    ])
    t.deepEqual(
      places.sort((a, b) => a - b),
      Array.from({ length: layout.dimension - 2 }, (_, at) => at + 2),
    )
  }
  t.is(tableLayout(testStudy(testSigners(4))), null)
  const [age] = tableLayout(study)!.columns
  t.deepEqual(
    [0, 1, 4].map(bin => tableEdge(age!, bin, 4)),
    [20, 35, 80],
  )
})

test('what makes no sense beside a table is refused in words', t => {
  const { table, ...without } = study
  const refused: [unknown, RegExp][] = [
    [without, /rounds of a table and the term table belong together/],
    [{ ...study, model: { preset: 'logistic' } }, /has the model "none"/],
    [{ ...testStudy(testSigners(4)), model: { preset: 'none' } }, /has the model "none"/],
    [
      { ...study, optimizer: { ...study.optimizer, momentum: 0.5 } },
      /the optimizer of a study with a table is 1, 0, 0/,
    ],
    [{ ...study, table: { ...table, columns: ['age', 'age'] } }, /one is named twice/],
    [{ ...study, table: { ...table, columns: ['age', 'ward'] } }, /no numeric column "ward"/],
    [{ ...study, privacy: { ...study.privacy, sampleRate: 2 ** 31 } }, /of every unit in one step/],
    [{ ...study, privacy: { ...study.privacy, clippingNorm: 1 } }, /clippingNorm of 2 columns is 2\.23/],
    [{ ...study, normalisation: { kind: 'columns', noiseMultiplier: 1 } }, /./],
    [{ ...study, table: { ...table, bins: 1 } }, /bins/],
  ]
  for (const [document, words] of refused) t.throws(() => validateStudy(document), { message: words })
  const mixed = {
    ...study,
    schedule: [
      { kind: 'table', rounds: 1 },
      { kind: 'training', rounds: 1 },
    ],
  }
  t.throws(() => validateStudy(mixed), { code: 'needs-newer' })
  // a column of another table, and a table of no table
  const vectors = { ...study, contract: { kind: 'vector', shape: [4], classes: ['no', 'yes'] } }
  t.throws(() => validateStudy(vectors), { message: /not of kind vector/ })
})

test('a unit moves the sum by at most the norm of its columns', t => {
  t.is(tableNorm({ columns: ['a'] }), Math.sqrt(3))
  t.is(study.privacy.clippingNorm, Math.sqrt(5))
})

test('the sums of rounds add up in units, and are a part of the checkpoint', t => {
  const start = initialCheckpoint(study)
  const { scale } = planStudy(study).fixedPoint
  const sum = Int32Array.from({ length: start.table.length }, (_, at) => Math.round(at * scale))
  const table = tableAfter(tableAfter(start.table, sum, scale), sum, scale)
  t.true(table.every((value, at) => Math.abs(value - 2 * at) < 1e-3))
  t.throws(() => tableAfter(start.table, sum.subarray(1), scale), { code: 'length-mismatch' })
  const bytes = encodeCheckpoint({ ...start, round: 2, table })
  const back = decodeCheckpoint(bytes, checkpointShape(study))
  t.deepEqual(back.table, table)
  t.deepEqual(checkpointHash(encodeCheckpoint(back)), checkpointHash(bytes))
  t.throws(() => decodeCheckpoint(bytes, checkpointShape(testStudy(testSigners(4)))), { code: 'malformed-checkpoint' })
})

test('a budget counts the rounds of a table as it counts those of training', t => {
  const z = 4
  const privacy = { noise: 'distributed' as const, noiseMultiplier: z, epsilon: 2 }
  const document = testStudy(testSigners(4), tableStudy({ rounds: 5 }, privacy))
  t.is(mainKind(document), 'table')
  t.is(roundKind(document, 1), 'table')
  t.is(mainCharges(document, [{ round: 1 }, { round: 2 }]), 2)
  t.is(roundOfMain(document, 3), 3)
  const once = chargedEpsilonOf(testStudy(testSigners(4), tableStudy({ rounds: 1 }, privacy)), 1)
  t.true(once > 0.8 && once < 1.3)
  const affordable = affordableRounds(document)
  t.true(affordable > 1 && affordable < 5)
  t.true(paysFor(document, 1, { charges: affordable - 1, chargesMax: affordable }))
  t.false(paysFor(document, 1, { charges: affordable, chargesMax: affordable }))
  t.deepEqual(TABLE_CONTRACT.columns.length, 3)
})
