// Claims: a study's epsilon is promised to a patient whom `copies` hospitals know, in everything that recomputes it: what
// is charged, the rounds that are affordable, the three epsilons; at q = 1 k copies are the Gaussian of z/k; more copies
// never cost less; of all records at one hospital only its own noise is left.

import test from 'ava'
import fc from 'fast-check'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { hospitalSigma } from '../../../crypto/fixed-point.ts'
import { decodeStudy, encodeStudy } from '../../../protocols/study/document.ts'
import {
  affordableRounds,
  chargedEpsilonOf,
  createEpsilonAccount,
  plannedEpsilons,
} from '../../../protocols/study/epsilons.ts'
import { SAMPLE_RATE_ONE, STUDY_COPIES_MAX } from '../../../protocols/study/limits.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const privacy: StudyDocument['privacy'] = {
  ...{ noise: 'distributed', clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 2, delta: 1e-5, epsilon: 3 },
  colluders: 2,
}
const signers = testSigners(7)
const studyOf = (copies: number, changes: Partial<StudyDocument['privacy']> = {}) =>
  testStudy(signers, { copies, rounds: 40, privacy: { ...privacy, ...changes } })
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.abs(b)

test('a document says for how many hospitals it promises, one to five, and its bytes too', t => {
  for (let copies = 1; copies <= STUDY_COPIES_MAX; copies++) {
    const study = studyOf(copies)
    t.is(decodeStudy(encodeStudy(study)).copies, copies)
  }
  for (const copies of [0, 6, 1.5, -1]) t.throws(() => studyOf(copies), { message: /copies/ })
})

test('the epsilons of a study are those of a patient whom as many hospitals know as it promises', t => {
  const [one, two] = [studyOf(1), studyOf(2)]
  t.deepEqual(plannedEpsilons(two), plannedEpsilons(one, { copies: 2 }))
  t.is(chargedEpsilonOf(two, 2), plannedEpsilons(two).colluding)
  t.is(chargedEpsilonOf(two, 1), plannedEpsilons(one).colluding)
  const account = createEpsilonAccount(two)
  account.charge({ contributors: 7, times: 40 })
  t.deepEqual(account.epsilons(), plannedEpsilons(two))
})

test('a study that promises more affords fewer rounds within its epsilon and within a cap', t => {
  const epsilon = chargedEpsilonOf(studyOf(1), 1)
  t.is(affordableRounds(studyOf(1, { epsilon })), 40)
  const fewer = affordableRounds(studyOf(2, { epsilon }))
  t.true(fewer > 0 && fewer < 40, `${fewer}`)
  const spent = (rounds: number) =>
    pldEpsilon([{ sampleRate: 2 ** -4, noiseMultiplier: 2, steps: rounds, copies: 2 }], { delta: 1e-5 })
  t.true(spent(fewer) <= epsilon && spent(fewer + 1) > epsilon)
  t.is(affordableRounds(studyOf(2, { epsilon: 100 }), epsilon), fewer)
})

test('with every record in every round k copies are the Gaussian of z/k, statistics included', t => {
  for (const copies of [1, 2, 3, 5]) {
    const study = studyOf(copies, { sampleRate: SAMPLE_RATE_ONE, noiseMultiplier: 9 })
    const gaussian = pldEpsilon([{ sampleRate: 1, noiseMultiplier: 9 / copies, steps: 40 }], { delta: 1e-5 })
    t.true(close(plannedEpsilons(study).colluding, gaussian), `${copies}`)
  }
})

test('more copies never cost less, and at one hospital never less than at several', t => {
  const study = fc.record({
    rate: fc.integer({ min: 2 ** 24, max: 2 ** 31 }),
    z: fc.double({ min: 0.7, max: 8, noNaN: true }),
  })
  fc.assert(
    fc.property(study, fc.integer({ min: 1, max: 4 }), ({ rate, z }, copies) => {
      const document = studyOf(1, { sampleRate: rate, noiseMultiplier: z })
      const [here, there] = [copies, copies + 1].map(count => plannedEpsilons(document, { copies: count }))
      const gathered = plannedEpsilons(document, { copies: copies + 1, holders: 1 })
      t.true(here!.model < there!.model && here!.colluding < there!.colluding)
      t.is(gathered.colluding, there!.colluding)
      t.true(gathered.alone > there!.alone)
    }),
    { numRuns: 8 },
  )
})

test('of several records at one hospital its noise alone is left against all others', t => {
  const { sensitivity } = planStudy(studyOf(1)).fixedPoint
  const sigma = hospitalSigma({ noiseMultiplier: 2, sensitivity, contributors: 7, colluders: 2 })
  for (const copies of [2, 5]) {
    const noiseMultiplier = Math.sqrt(sigma ** 2 - 4) / sensitivity
    const alone = pldEpsilon([{ sampleRate: 2 ** -4, noiseMultiplier, steps: 40, copies }], { delta: 1e-5 })
    t.true(close(plannedEpsilons(studyOf(1), { copies, holders: 1 }).alone, alone))
  }
})

test('at record-level epsilon 3 a patient with 5 / 10 records has 21 / 54 in the worst case, at rate 1 21 / 56', t => {
  const spent = (copies: number) =>
    pldEpsilon([{ sampleRate: 0.1, noiseMultiplier: 1.5531, steps: 80, copies }], { delta: 1e-5 })
  const [one, five, ten] = [1, 5, 10].map(spent)
  t.true(Math.abs(one! - 3) < 0.1, `${one}`)
  t.true(five! > 19 && five! < 23, `${five}`)
  t.true(ten! > 52 && ten! < 56, `${ten}`)
  // the example of images: every record in every round
  const terms = { ...privacy, sampleRate: SAMPLE_RATE_ONE, noiseMultiplier: 12.4381 }
  const example = testStudy(signers, { rounds: 80, privacy: terms })
  const priced = [1, 5, 10, 30].map(copies => chargedEpsilonOf(example, copies))
  for (const [at, known] of [3, 21.142, 55.742, 323.8].entries()) t.true(Math.abs(priced[at]! / known - 1) < 1e-4)
})

test('a promise for more hospitals than there are is warned of', t => {
  const few = testStudy(testSigners(4), { copies: 5, privacy: { ...privacy, colluders: 1 } })
  t.regex(planStudy(few).warnings.join(' '), /promised for a patient known to 5 hospitals, and there are 4/)
  t.notRegex(planStudy(studyOf(5)).warnings.join(' '), /promised for/)
})
