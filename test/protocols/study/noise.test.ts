// Claims of protocols/study/noise/: a mode is one file, says of itself what it does, and is compared nowhere else.

import test from 'ava'
import { NOISE_MODES, noiseModeOf } from '../../../protocols/study/noise/list.ts'
import { NOISE_NAMES, type SumPlan } from '../../../protocols/study/noise/mode.ts'
import { multipliersOf, noiseInSum, withFixedPoint } from '../../../protocols/study/noise/noised-sums.ts'
import { NO_NOISE } from '../../../protocols/study/noise/off.ts'
import { readTree } from '../../helpers/tree/tree.ts'

const ROUND = { contributors: 6, colluders: 2 }

function planOf(noise: (typeof NOISE_NAMES)[number]): SumPlan {
  const noiseMultiplier = noiseModeOf({ noise }).isPrivate ? 1.5 : 0
  const sum = { dimension: 1000, noiseMultiplier, sampleRate: 2 ** 28, steps: 1 }
  const needs = { clippingNorm: 1, valueMax: 0, contributorsMin: 4, contributorsMax: 8 }
  return withFixedPoint({ noise, colluders: ROUND.colluders }, sum, needs)
}

test('a mode that is forgotten does not compile', t => {
  const { off: _, ...some } = NOISE_MODES
  // @ts-expect-error a list without one of the modes
  const forgotten: typeof NOISE_MODES = some
  t.deepEqual([...NOISE_NAMES].sort(), Object.keys(NOISE_MODES).sort())
  t.is(Object.keys(forgotten).length, NOISE_NAMES.length - 1)
})

test('each mode noises where it says: the sum, every step, or nothing', t => {
  for (const noise of NOISE_NAMES) {
    const [mode, plan] = [noiseModeOf({ noise }), planOf(noise)]
    const [inSum, inStep] = [mode.ofSum(plan, ROUND).sigma, mode.ofStep(plan)]
    t.is(inSum > 0, mode.noisesSums, noise)
    t.is(inSum > 0 || inStep > 0, mode.isPrivate, noise)
    t.true(inSum === 0 || inStep === 0, `${noise}: nothing is noised twice`)
    t.is(noiseInSum({ noise, colluders: 2 }, plan, 6) > 0, mode.isPrivate, noise)
  }
})

test('every private mode keeps the multiplier that is charged against the colluders', t => {
  for (const noise of NOISE_NAMES.filter(name => noiseModeOf({ noise: name }).isPrivate)) {
    const { model, colluding, alone } = multipliersOf({ noise, colluders: 2 }, planOf(noise), ROUND.contributors)
    t.is(colluding, 1.5)
    t.true(model >= colluding, noise)
    t.true(noise === 'local' ? alone >= colluding : alone < colluding, noise)
  }
  t.deepEqual(multipliersOf({ noise: 'off', colluders: 2 }, planOf('off'), 6), { model: 0, colluding: 0, alone: 0 })
})

test('a mode refuses what it cannot keep, by name', t => {
  const terms = { noiseMultiplier: 1, epsilon: 3 }
  const { distributed, local, off } = NOISE_MODES
  for (const mode of [distributed, local]) {
    t.notThrows(() => mode.check(terms))
    t.throws(() => mode.check({ ...terms, noiseMultiplier: 0 }), { code: 'bad-noise' })
    t.throws(() => mode.check({ ...terms, epsilon: 0 }), { code: 'bad-noise' })
  }
  t.throws(() => distributed.check({ ...terms, localSteps: 2 }), { code: 'local-steps-need-local-noise' })
  t.notThrows(() => local.check({ ...terms, localSteps: 2 }))
  t.notThrows(() => off.check(NO_NOISE))
  t.throws(() => off.check(terms), { code: 'bad-noise' })
})

test('without noise a study is warned of, with it not', t => {
  t.deepEqual(
    NOISE_NAMES.filter(noise => noiseModeOf({ noise }).warnings.length > 0),
    NOISE_NAMES.filter(noise => !noiseModeOf({ noise }).isPrivate),
  )
})

test('no product file compares a noise mode: it asks the mode', async t => {
  const { sources } = await readTree(process.cwd())
  const compares = [...sources].filter(
    ([path, text]) =>
      /^(protocols|node)\//.test(path) &&
      /[!=]== '(distributed|local|off)'|'(distributed|local|off)' [!=]==/.test(text),
  )
  t.deepEqual(
    compares.map(([path]) => path),
    [],
  )
})
