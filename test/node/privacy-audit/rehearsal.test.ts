// Claims of node/privacy-audit/rehearsal.ts: it opens the sum of the hospitals' own steps, with the study's noise.

import test from 'ava'
import { quantise } from '../../../crypto/fixed-point.ts'
import { deal } from '../../../node/privacy-audit/records.ts'
import { type RehearsedRound, rehearse, sigmaOf } from '../../../node/privacy-audit/rehearsal.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { applySum } from '../../../protocols/model/optimizer.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { trainingRounds } from '../../../protocols/study/rounds.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { noisyStudy, rngOf, strangers, wasm } from './subjects.ts'

test('without noise it takes the steps of the hospitals’ own sums', async t => {
  const backend = await wasm()
  const whole = testStudy(testSigners(4))
  const document = { ...whole, privacy: { ...whole.privacy, sampleRate: 2 ** 32 } }
  const parts = deal('record', strangers({ count: 100, length: 30, seed: 'steps' }), {
    hospitals: 4,
    rng: rngOf('deal'),
  })
  t.deepEqual(
    parts.map(({ count }) => count),
    [25, 25, 25, 25],
  )
  const rehearsed = rehearse({ document, parts, backend, rng: rngOf('steps') })
  const { fixedPoint, denominator, dimension } = planStudy(document)
  const trainers = parts.map(dataset => createTrainer({ document, dataset, backend, rng: rngOf('all are in') }))
  let expected = initialCheckpoint(document)
  for (let round = 0; round < trainingRounds(document); round++) {
    const sum = new Int32Array(dimension)
    for (const trainer of trainers) {
      quantise(trainer.clippedSum(expected), fixedPoint.scale).forEach((word, at) => {
        sum[at]! += word
      })
    }
    expected = applySum(expected, sum, { ...document.optimizer, denominator, factor: 1, scale: fixedPoint.scale })
  }
  t.deepEqual(rehearsed, expected)
})

test('what opens is the clear sum, what was planted, and everybody’s noise of σ_h', async t => {
  const backend = await wasm()
  const length = 5000
  const data = { kind: 'vector' as const, shape: [length] as [number], classes: ['no', 'yes'] }
  const document = noisyStudy({ changes: { contract: data, rounds: 1 } })
  const parts = deal('record', strangers({ count: 40, length, seed: 'noise' }), { hospitals: 8, rng: rngOf('deal') })
  const rounds: RehearsedRound[] = []
  const init = { document, parts, backend, rng: rngOf('noise') }
  rehearse({ ...init, plant: sum => (sum[7]! += 0.5), watch: round => rounds.push(round) })
  const { sum, clear, noise } = rounds[0]!
  t.is(rounds.length, 1)
  const left = sum.map((word, at) => noise.reduce((rest, words) => rest - words[at]!, word - clear[at]!))
  const planted = left[7]!
  t.true(Math.abs(planted - planStudy(document).fixedPoint.scale / 2) <= 1)
  t.true(left.every((word, at) => at === 7 || word === 0))
  for (const words of noise) {
    const deviation = Math.sqrt(words.reduce((total, word) => total + word * word, 0) / words.length)
    // of 10,002 draws: 1 ± 0.007
    t.true(Math.abs(deviation / sigmaOf(document, 8) - 1) < 0.035)
  }
})
