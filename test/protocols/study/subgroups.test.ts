// Claims of protocols/study/subgroups.ts and of groups in protocols/study/evaluation.ts: a record falls into exactly one
// group; what does not fit the contract is refused in words; the counts of all units are the sum of the groups', and have
// the root of their number times the noise; a study without groups has the bytes that it had.

import test from 'ava'
import fc from 'fast-check'
import { decodeStudy, encodeStudy, validateStudy } from '../../../protocols/study/document.ts'
import { countsOfGroup, evaluationLayout, layoutOf, wholeCounts } from '../../../protocols/study/evaluation.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { scheduleOf } from '../../../protocols/study/rounds.ts'
import { studySubgroups } from '../../../protocols/study/subgroups.ts'
import type { StudyDocument, StudySubgroups } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

type Missing = 'leave out' | 'zeros'

function studyOf(subgroups?: StudySubgroups, { missing = 'zeros' }: { missing?: Missing } = {}): StudyDocument {
  return testStudy(testSigners(4), {
    contract: {
      kind: 'table',
      shape: [5],
      classes: ['no', 'yes'],
      columns: [
        { name: 'age', type: 'number', low: 0, high: 100, missing: 'leave out' },
        { name: 'sex', type: 'category', values: ['F', 'M', 'X'], missing },
        { name: 'weight', type: 'number', low: 0, high: 300, missing: 70 },
      ],
      label: 'ill',
      absent: [],
    },
    evaluation: {
      ...{ bins: 4, share: 2 ** 30, units: 400, noiseMultiplier: 1, margin: 0.05 },
      ...(subgroups && { subgroups }),
    },
    schedule: scheduleOf({ rounds: 4, statistics: false, every: 2 }),
  })
}

test('values of a category are groups, with one for all others', t => {
  const groups = studySubgroups(studyOf({ column: 'sex', values: ['M', 'F'] }))!
  t.deepEqual(groups.names, ['M', 'F', 'other or missing'])
  const of = (...sex: number[]) => groups.groupOf([50, ...sex, 70])
  t.deepEqual([of(0, 1, 0), of(1, 0, 0), of(0, 0, 1), of(0, 0, 0)], [0, 1, 2, 2])
  const all = { column: 'sex', values: ['F', 'M', 'X'] }
  t.is(studySubgroups(studyOf(all))!.names.length, 4)
  // nothing is left for another group where rows without a value are left out
  t.deepEqual(studySubgroups(studyOf(all, { missing: 'leave out' }))!.names, ['F', 'M', 'X'])
  t.is(studySubgroups(studyOf()), null)
})

test('every number falls into exactly one band, and its own edge into the upper one', t => {
  const groups = studySubgroups(studyOf({ column: 'age', bands: [40, 60, 75.3] }))!
  t.deepEqual(groups.names, ['below 40', '40 to below 60', '60 to below 75.3', '75.3 and above'])
  t.deepEqual(
    [-5, 39.9, 40, 59, 60, 75, Math.fround(75.3), 200].map(age => groups.groupOf(Float32Array.of(age, 1, 0, 0, 70))),
    [0, 0, 1, 1, 2, 2, 3, 3],
  )
})

test('groups that do not fit the contract are refused in words', t => {
  const reasons: [StudySubgroups, RegExp][] = [
    [{ column: 'height', bands: [1] }, /no column "height"/],
    [{ column: 'sex', bands: [1] }, /"sex" is a category: it takes values/],
    [{ column: 'sex', values: ['F', 'Z'] }, /"Z" is no value of the column "sex"/],
    [{ column: 'sex', values: ['F', 'F'] }, /twice the value/],
    [{ column: 'age', values: ['1', '2'] }, /"age" is a number: it takes bands/],
    [{ column: 'age' }, /takes bands/],
    [{ column: 'age', bands: [60, 40] }, /ascend between the bounds of "age", 0 and 100/],
    [{ column: 'age', bands: [0] }, /ascend/],
    [{ column: 'age', bands: [100] }, /ascend/],
    [{ column: 'weight', bands: [50] }, /70 stands for it/],
    [{ column: 'sex', values: ['F'] }, /values/],
    [{ column: 'age', bands: [1, 2, 3, 4, 5, 6, 7, 8] }, /bands/],
  ]
  for (const [subgroups, message] of reasons) {
    t.throws(() => validateStudy(studyOf(subgroups)), { code: 'malformed-study', message } as object)
  }
  const image = { ...testStudy(testSigners(4)), schedule: studyOf().schedule }
  const evaluation = { ...studyOf().evaluation!, subgroups: { column: 'sex', values: ['F', 'M'] } }
  t.throws(() => validateStudy({ ...image, evaluation }), {
    message: /groups go by a column of a table, and records of/,
  })
  const newer = { ...evaluation, subgroups: { ...evaluation.subgroups, merged: true } }
  t.throws(() => validateStudy({ ...studyOf(), evaluation: newer }), { code: 'needs-newer' } as object)
})

test('a study with groups is read back, and its sum has the words of all of them', t => {
  const document = studyOf({ column: 'age', bands: [40, 60] })
  t.deepEqual(decodeStudy(encodeStudy(document)), document)
  const [one, all] = [planStudy(studyOf()).evaluation!, planStudy(document).evaluation!]
  t.is(all.dimension, 3 * one.dimension)
  t.like(layoutOf(document), { dimension: one.dimension, groups: 3, words: all.dimension })
  t.false('subgroups' in decodeStudy(encodeStudy(studyOf())).evaluation!)
})

test('the counts of all units are the sum of the groups', t => {
  const shape = fc.record({ classes: fc.integer({ min: 2, max: 4 }), groups: fc.integer({ min: 1, max: 8 }) })
  fc.assert(
    fc.property(shape, fc.infiniteStream(fc.integer({ min: -50, max: 500 })), ({ classes, groups }, stream) => {
      const layout = evaluationLayout(classes, 5, groups)
      const counts = Float32Array.from({ length: layout.words }, () => stream.next().value)
      const whole = wholeCounts(counts, layout, 3)
      t.is(whole.counts.length, layout.dimension)
      t.true(Math.abs(whole.noise - 3 * Math.sqrt(groups)) < 1e-12)
      for (let at = 0; at < layout.dimension; at++) {
        const each = Array.from({ length: groups }, (_, group) => countsOfGroup(counts, layout, group)[at]!)
        t.is(
          whole.counts[at],
          each.reduce((sum, count) => sum + count, 0),
        )
      }
    }),
  )
})
