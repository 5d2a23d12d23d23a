// Claims of `confrere study plan`: its rows are what a study of that size would have, no more and no less.

import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { EXIT } from '../../../node/errors.ts'
import { plannedOfHospitals } from '../../../node/privacy/patient-epsilons.ts'
import { planAhead } from '../../../node/study/study-planner.ts'
import { plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { fails, works } from '../../helpers/cli.ts'
import { epsilonsOf } from '../../helpers/study/epsilons.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const input = { records: 4000, hospitals: 7, epsilon: 3, delta: 1e-5, parameters: 62 }

test('a row has the noise multiplier and the epsilons of the study that it describes', t => {
  const { rows, colluders } = planAhead(input, { rounds: [40], sampleRates: [2 ** -4] })
  const [row] = rows
  const study = testStudy(testSigners(7), {
    rounds: 40,
    privacy: {
      ...{ noise: 'distributed', clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: row!.noiseMultiplier! },
      ...{ delta: 1e-5, epsilon: 3, colluders },
    },
  })
  t.is(planStudy(study).dimension, 62)
  t.deepEqual(row!.epsilons, epsilonsOf(study, { rounds: new Array(40).fill(7) }))
  t.true(row!.epsilons!.colluding <= 3 && row!.epsilons!.model < row!.epsilons!.colluding)
  t.is(row!.batch, 250)
})

test('a plan for two hospitals has the noise of such a study, and says what one and three are left', t => {
  const { rows, copies, epsilonsOfPatient, colluders } = planAhead(
    { ...input, copies: 2 },
    { rounds: [40], sampleRates: [2 ** -4] },
  )
  const noiseMultiplier = rows[0]!.noiseMultiplier!
  const terms = { noise: 'distributed', clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier } as const
  const study = testStudy(testSigners(7), {
    rounds: 40,
    copies,
    privacy: { ...terms, delta: 1e-5, epsilon: 3, colluders },
  })
  t.deepEqual(rows[0]!.epsilons, plannedEpsilons(study))
  t.true(rows[0]!.epsilons!.colluding <= 3)
  t.deepEqual(
    epsilonsOfPatient,
    plannedOfHospitals(study).map(({ hospitals, colluding }) => ({ hospitals, colluding })),
  )
  t.is(planAhead({ ...input, epsilon: 0.01 }, { rounds: [50_000], sampleRates: [1] }).epsilonsOfPatient, null)
})

test('with local steps a row is that of a study with local noise', t => {
  const { rows, colluders } = planAhead({ ...input, localSteps: 4 }, { rounds: [10], sampleRates: [2 ** -4] })
  const [row] = rows
  const study = testStudy(testSigners(7), {
    rounds: 10,
    privacy: {
      ...{
        noise: 'local',
        localSteps: 4,
        clippingNorm: 1,
        sampleRate: 2 ** 28,
        noiseMultiplier: row!.noiseMultiplier!,
      },
      ...{ delta: 1e-5, epsilon: 3, colluders },
    },
  })
  t.deepEqual(row!.epsilons, epsilonsOf(study, { rounds: new Array(10).fill(7) }))
  // forty steps cost the same, however they are spread over rounds
  const shared = planAhead(input, { rounds: [40], sampleRates: [2 ** -4] }).rows[0]!
  t.is(row!.noiseMultiplier, shared.noiseMultiplier)
  t.true(row!.noise! > shared.noise!)
})

test('more rounds and higher rates need a larger multiplier, and the batch makes up for the rate', t => {
  const { rows } = planAhead(input, { rounds: [50, 100], sampleRates: [0.05, 0.2] })
  const [a, b, c, d] = rows.map(({ noiseMultiplier }) => noiseMultiplier!)
  t.true(a! < b! && a! < c! && b! < d! && c! < d!)
  t.true(rows[1]!.noise! < rows[0]!.noise!)
})

test('noise that does not fit is told of, and the rest is still planned', t => {
  const { rows } = planAhead({ ...input, epsilon: 0.01 }, { rounds: [10, 50_000], sampleRates: [1] })
  t.true(rows[0]!.noiseMultiplier !== null)
  t.is(rows[1]!.noiseMultiplier, null)
})

test('the command prints the table with its words, and JSON', async t => {
  const size = ['--records', '4000', '--hospitals', '7', '--epsilon', '3', '--delta', '1e-5']
  const axes = ['--rounds', '30,60', '--sample-rates', '0.1']
  const text = await works(t, 'study', 'plan', ...size, ...axes)
  for (const part of [
    'rounds',
    'alone',
    'more records',
    'a patient known to 1 / 2 / 3 hospitals',
    'all other hospitals',
  ]) {
    t.true(text.includes(part), part)
  }
  const { rows } = JSON.parse(await works(t, 'study', 'plan', ...size, ...axes, '--json'))
  const { noiseMultiplier } = rows[1]
  t.true(pldEpsilon([{ sampleRate: 0.1, noiseMultiplier, steps: 60 }], { delta: 1e-5 }) <= 3)
  for (const wrong of [
    ['--colluders', '6'],
    ['--rounds', '1.5'],
    ['--sample-rates', '0.1,2'],
    ['--hospitals', '2'],
    ['--rounds', Array.from({ length: 65 }, (_, i) => i + 1).join()],
  ]) {
    await fails(t, EXIT.usage, 'study', 'plan', ...size, ...wrong)
  }
})

test('a row whose local noise fits into no sum of 32 bits is told of, as the study would be refused', t => {
  const crowd = { ...input, hospitals: 50, epsilon: 1, localSteps: 100 }
  const { rows, colluders } = planAhead(crowd, { rounds: [100], sampleRates: [0.5] })
  const [row] = rows
  const study = testStudy(testSigners(50), {
    rounds: 100,
    privacy: {
      ...{ noise: 'local', localSteps: 100, clippingNorm: 1, sampleRate: 2 ** 31 },
      ...{ noiseMultiplier: row!.noiseMultiplier ?? 1, delta: 1e-5, epsilon: 1, colluders },
    },
  })
  if (row!.noiseMultiplier === null) t.throws(() => planStudy(study), { code: 'unsupported-privacy' })
  else t.notThrows(() => planStudy(study))
})
