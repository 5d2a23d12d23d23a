// Claims of secure-aggregation.md ("A round") and privacy.md (the table of three epsilons) about a study's plan.

import test from 'ava'
import fc from 'fast-check'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { hospitalSigma } from '../../../crypto/fixed-point.ts'
import { chargedEpsilonOf, createEpsilonAccount, plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { colludersDefault, contributorsMinOf, quorumOf } from '../../../protocols/study/quorum.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { epsilonsOf } from '../../helpers/study/epsilons.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const privacy: StudyDocument['privacy'] = {
  noise: 'distributed',
  clippingNorm: 1,
  sampleRate: 2 ** 27,
  noiseMultiplier: 1.5,
  delta: 1e-5,
  epsilon: 3,
  colluders: 2,
}
const study = testStudy(testSigners(7), { privacy })
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.abs(b)

test('the quorums of the two profiles', t => {
  const expected: [hospitals: number, profile: 'byzantine' | 'crash', faulty: number, quorum: number][] = [
    [3, 'crash', 1, 2],
    [4, 'crash', 1, 3],
    [5, 'crash', 2, 3],
    [4, 'byzantine', 1, 3],
    [5, 'byzantine', 1, 4],
    [6, 'byzantine', 1, 4],
    [7, 'byzantine', 2, 5],
    [10, 'byzantine', 3, 7],
    [100, 'byzantine', 33, 67],
  ]
  for (const [hospitals, profile, faulty, quorum] of expected) {
    t.deepEqual(quorumOf({ hospitals, profile }), { faulty, quorum }, `${hospitals} ${profile}`)
  }
})

test('two quorums meet in an honest hospital, and the honest alone are a quorum', t => {
  for (let hospitals = 4; hospitals <= 100; hospitals++) {
    const byzantine = quorumOf({ hospitals, profile: 'byzantine' })
    t.true(2 * byzantine.quorum - hospitals > byzantine.faulty)
    t.true(hospitals - byzantine.faulty >= byzantine.quorum)
    const crash = quorumOf({ hospitals, profile: 'crash' })
    t.true(2 * crash.quorum > hospitals)
    t.true(hospitals - crash.faulty >= crash.quorum)
  }
})

test('the default tolerates half of the hospitals where that leaves enough of them', t => {
  const by = (hospitals: number, profile: 'byzantine' | 'crash') => colludersDefault({ hospitals, profile })
  t.is(by(3, 'crash'), 1)
  t.is(by(4, 'byzantine'), 1)
  t.is(by(5, 'byzantine'), 2)
  t.is(by(8, 'byzantine'), 4)
  t.is(by(100, 'byzantine'), 50)
  for (let n = 3; n <= 100; n++) {
    for (const profile of ['byzantine', 'crash'] as const) t.true(by(n, profile) <= n - 2)
  }
})

test('no round has fewer than three contributors, nor fewer than two honest ones', t => {
  t.is(contributorsMinOf(1), 3)
  t.is(contributorsMinOf(5), 7)
})

test('a plan states quorum, smallest round, dimension and denominator', t => {
  const plan = planStudy(study)
  t.like(plan, { hospitals: 7, faulty: 2, quorum: 5, contributorsMin: 4, dimension: 62 })
  t.is(plan.denominator, (2 ** 27 / 2 ** 32) * study.units)
  t.deepEqual(plan.fixedPoint, { scale: 65_536, sensitivity: 65_536 + 8 })
})

test('the crash profile warns how many must stay alive', t => {
  const crash = planStudy(testStudy(testSigners(5), { privacy, profile: 'crash' }))
  t.true(crash.warnings.some(text => text.includes('4 of the 5 hospitals alive')))
  const three = planStudy(testStudy(testSigners(3), { privacy: { ...privacy, colluders: 1 } }))
  t.true(three.warnings.some(text => text.includes('all 3 hospitals alive')))
  t.deepEqual(planStudy(study).warnings, [])
})

test('whatever weakens the promise is a warning', t => {
  const warned = (change: Partial<StudyDocument['privacy']>) =>
    planStudy(testStudy(testSigners(7), { privacy: { ...privacy, ...change } })).warnings.join(' ')
  t.regex(warned({ delta: 0.01 }), /delta/)
  t.regex(warned({ epsilon: 20 }), /weak/)
  t.regex(warned({ sampleRate: 1 }), /Fewer than one unit/)
  t.regex(planStudy(testStudy(testSigners(3))).warnings.join(' '), /noise is off/)
})

test('noise that does not fit into 32-bit words is refused', t => {
  const huge = { ...privacy, noiseMultiplier: 10_000 }
  const wide = testStudy(testSigners(7), {
    privacy: huge,
    contract: { kind: 'vector', shape: [1_000_000], classes: ['a', 'b'] },
  })
  t.throws(() => planStudy(wide), { code: 'unsupported-privacy' })
})

test('before the first round nothing is spent', t => {
  t.deepEqual(createEpsilonAccount(study).epsilons(), { model: 0, colluding: 0, alone: 0 })
})

test('the three epsilons are those of the three multipliers', t => {
  const contributors = 5
  const { sensitivity } = planStudy(study).fixedPoint
  const sigma = hospitalSigma({ noiseMultiplier: 1.5, sensitivity, contributors, colluders: 2 })
  const { model, colluding, alone } = epsilonsOf(study, { rounds: new Array(40).fill(contributors) })
  const at = (noiseMultiplier: number) =>
    pldEpsilon([{ sampleRate: 2 ** -5, noiseMultiplier, steps: 40 }], { delta: 1e-5 })
  t.true(close(model, at(Math.sqrt(contributors * sigma ** 2 - 4) / sensitivity)))
  t.true(close(colluding, at(1.5)))
  t.true(close(alone, at(Math.sqrt(sigma ** 2 - 4) / sensitivity)))
})

test('of one known to k hospitals the multipliers stay but for all others’, who leave the noises of k', t => {
  const contributors = 5
  const { sensitivity } = planStudy(study).fixedPoint
  const sigma = hospitalSigma({ noiseMultiplier: 1.5, sensitivity, contributors, colluders: 2 })
  const account = createEpsilonAccount(study)
  account.charge({ contributors, times: 40 })
  for (const copies of [1, 2, 3]) {
    const { model, colluding, alone } = account.epsilons(copies)
    const at = (noiseMultiplier: number) =>
      pldEpsilon([{ sampleRate: 2 ** -5, noiseMultiplier, steps: 40, copies }], { delta: 1e-5 })
    t.true(close(model, at(Math.sqrt(contributors * sigma ** 2 - 4) / sensitivity)))
    t.true(close(colluding, at(1.5)))
    t.true(close(alone, at(Math.sqrt(copies * sigma ** 2 - 4) / sensitivity)))
  }
  t.is(chargedEpsilonOf(study, 2), plannedEpsilons(study, { copies: 2 }).colluding)
  t.deepEqual(plannedEpsilons(study), plannedEpsilons(study, { copies: 1 }))
})

test('the model shows less than colluding hospitals learn, and they less than all others together', t => {
  const size = fc.integer({ min: 4, max: 7 })
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 20 }), rounds => {
      const { model, colluding, alone } = epsilonsOf(study, { rounds })
      t.true(model < colluding && colluding < alone)
    }),
    { numRuns: 30 },
  )
})

test('rounds add up in any order and in one step or many, and never less', t => {
  const rounds = [4, 7, 5, 5, 7, 4]
  const account = createEpsilonAccount(study)
  let before = 0
  for (const contributors of rounds) {
    account.charge({ contributors })
    const { alone } = account.epsilons()
    t.true(alone > before)
    before = alone
  }
  const bulk = createEpsilonAccount(study)
  for (const contributors of [7, 5, 4]) bulk.charge({ contributors, times: 2 })
  t.is(bulk.rounds, account.rounds)
  for (const key of ['model', 'colluding', 'alone'] as const) {
    t.true(close(bulk.epsilons()[key], account.epsilons()[key]))
  }
})

test('what is charged does not depend on who was there', t => {
  const few = epsilonsOf(study, { rounds: [4, 4, 4] })
  const many = epsilonsOf(study, { rounds: [7, 7, 7] })
  t.is(few.colluding, many.colluding)
})

test('with local noise a hospital is as safe from all others as the study promises, alone and in the sum', t => {
  const local = testStudy(testSigners(7), { privacy: { ...privacy, noise: 'local' as const, noiseMultiplier: 1.5 } })
  const at = (noiseMultiplier: number, steps: number) =>
    pldEpsilon([{ sampleRate: local.privacy.sampleRate / 2 ** 32, noiseMultiplier, steps }], { delta: 1e-5 })
  const { model, colluding, alone } = epsilonsOf(local, { rounds: new Array(40).fill(7) })
  t.true(close(colluding, at(1.5, 40)))
  t.true(alone <= colluding && alone > 0.99 * colluding)
  // the sum carries everybody's noise
  t.true(Math.abs(model / at(1.5 * Math.sqrt(7), 40) - 1) < 0.01)
})

test('every local step is charged, and what hospitals do on their own is not hidden by the noise of others', t => {
  const local = testStudy(testSigners(7), {
    privacy: { ...privacy, noise: 'local' as const, noiseMultiplier: 1.5, localSteps: 3 },
  })
  const { model, colluding, alone } = epsilonsOf(local, { rounds: new Array(40).fill(7) })
  const expected = pldEpsilon([{ sampleRate: local.privacy.sampleRate / 2 ** 32, noiseMultiplier: 1.5, steps: 120 }], {
    delta: 1e-5,
  })
  t.true(close(colluding, expected))
  t.is(model, alone)
  t.true(model > 0.99 * colluding && model <= colluding)
})

test('without noise nothing is promised', t => {
  const off = testStudy(testSigners(3))
  t.deepEqual(epsilonsOf(off, { rounds: [] }), { model: 0, colluding: 0, alone: 0 })
  t.deepEqual(epsilonsOf(off, { rounds: [3] }), { model: Infinity, colluding: Infinity, alone: Infinity })
})
