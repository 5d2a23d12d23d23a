// Claims of node/privacy-audit/canary.ts: an honest study is never refuted; one whose noise is too small by √n is.

import test from 'ava'
import { auditCanaries, type CanaryAudit } from '../../../node/privacy-audit/canary.ts'
import { deal } from '../../../node/privacy-audit/records.ts'
import { plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import type { Noising } from '../../../protocols/study/noise/mode.ts'
import { epsilonsOf } from '../../helpers/study/epsilons.ts'
import { noisyStudy, rngOf, strangers, wasm } from './subjects.ts'

const HOSPITALS = 8
const LENGTH = 1200
const data = { kind: 'vector' as const, shape: [LENGTH] as [number], classes: ['no', 'yes'] }

async function audited(
  seed: string,
  { canaries = 1000, share = 1, rate = 1, rounds = 4, noiseMultiplier = 3, local = 0 } = {},
): Promise<CanaryAudit> {
  const localPrivacy = local > 0 ? { noise: 'local' as const, localSteps: local } : {}
  const document = noisyStudy({
    changes: { contract: data, rounds },
    privacy: { noiseMultiplier, sampleRate: rate * 2 ** 32, ...localPrivacy },
  })
  const parts = deal('record', strangers({ count: 24, length: LENGTH, seed }), {
    hospitals: HOSPITALS,
    rng: rngOf('deal'),
  })
  const noising = (honest: () => Noising) => ({ ...honest(), sigma: Math.round(share * honest().sigma) })
  return auditCanaries({ document, parts, backend: await wasm(), rng: rngOf(seed), noising }, { canaries })
}

test('no honest study is accused, with all records in every round or with samples', async t => {
  for (const rate of [1, 0.25]) {
    for (let seed = 0; seed < 8; seed++) {
      const { findings } = await audited(`honest ${rate} ${seed}`, { rate, noiseMultiplier: rate === 1 ? 3 : 1 })
      for (const { observer, epsilon, claimed, noise, refuted } of findings) {
        // of 5,600 draws or more: 1 ± 0.01
        t.true(Math.abs(noise! - 1) < 0.05)
        t.true(epsilon <= claimed && !refuted, `${observer}: ${epsilon} of ${claimed}`)
      }
      // else the test could not fail
      if (rate === 1) t.true(findings.every(({ epsilon }) => epsilon > 0.2))
    }
  }
})

test('the claims are the study’s own: who sees the model, and who colludes', async t => {
  const { findings, rounds, hospitals } = await audited('claims', { canaries: 60 })
  const document = noisyStudy({ changes: { contract: data, rounds: 4 }, privacy: { noiseMultiplier: 3 } })
  const { model, colluding } = epsilonsOf(document, { rounds: [8, 8, 8, 8] })
  t.deepEqual(
    findings.map(({ observer, claimed }) => [observer, claimed]),
    [
      ['model', model],
      ['colluding', colluding],
    ],
  )
  t.deepEqual([rounds, hospitals], [4, HOSPITALS])
})

test('noise that is too small by √8 is exposed', async t => {
  for (let seed = 0; seed < 3; seed++) {
    const { findings } = await audited(`planted ${seed}`, { share: 1 / Math.sqrt(HOSPITALS) })
    t.log(findings.map(({ epsilon, claimed }) => `at least ${epsilon.toFixed(2)} of ${claimed.toFixed(2)}`).join(', '))
    t.true(findings.every(({ exceeded, refuted }) => exceeded && refuted))
  }
})

test('where records are sampled and guesses say little, the noise is measured', async t => {
  const { findings } = await audited('sampled', { rate: 0.25, noiseMultiplier: 1, share: 0.8 })
  for (const { noise, epsilon, claimed, exceeded, refuted } of findings) {
    t.true(Math.abs(noise! - 0.8) < 0.05)
    t.true(epsilon <= claimed && !exceeded && refuted)
  }
  const more = await audited('sampled', { rate: 0.25, noiseMultiplier: 1, share: 1.3 })
  t.false(more.findings.some(({ refuted }) => refuted))
})

test('with local noise every local step counts: no honest study is accused, and its noise is that of all steps', async t => {
  for (let seed = 0; seed < 4; seed++) {
    const { findings } = await audited(`local ${seed}`, { local: 3, rounds: 2 })
    const document = noisyStudy({
      changes: { contract: data, rounds: 2 },
      privacy: { noise: 'local', localSteps: 3, noiseMultiplier: 3 },
    })
    t.is(findings[1]!.claimed, plannedEpsilons(document).colluding)
    for (const { epsilon, claimed, noise, refuted } of findings) {
      t.true(Math.abs(noise! - 1) < 0.05, `${noise}`)
      t.true(epsilon <= claimed && !refuted, `${epsilon} of ${claimed}`)
    }
  }
})

test('the noise of the statistics is measured as well: too little of it refutes the claim, and so does none', async t => {
  const bounds = Array.from({ length: 40 }, (): [number, number] => [-3, 3])
  const document = noisyStudy({
    changes: {
      rounds: 1,
      contract: { kind: 'vector', shape: [40], classes: ['no', 'yes'], bounds },
      normalisation: { kind: 'columns' as const, noiseMultiplier: 4 },
    },
    privacy: { noiseMultiplier: 3 },
  })
  const parts = deal('record', strangers({ count: 24, length: 40, seed: 'statistics' }), {
    hospitals: HOSPITALS,
    rng: rngOf('deal'),
  })
  const found = async (share: number) => {
    let opened = 0
    // the round of the statistics comes first, and is opened until enough is seen
    const noising = (honest: () => Noising) => {
      const isStatistics = opened++ < HOSPITALS * 50
      return { ...honest(), sigma: Math.round((isStatistics ? share : 1) * honest().sigma) }
    }
    const init = { document, parts, backend: await wasm(), rng: rngOf('statistics'), noising }
    return (await auditCanaries(init, { canaries: 20 })).findings
  }
  for (const { statisticsNoise, refuted } of await found(1)) {
    t.true(Math.abs(statisticsNoise! - 1) < 0.05, `${statisticsNoise}`)
    t.false(refuted)
  }
  for (const { statisticsNoise, refuted } of await found(0.5)) {
    t.true(Math.abs(statisticsNoise! - 0.5) < 0.05)
    t.true(refuted)
  }
  for (const { statisticsNoise, refuted } of await found(0)) {
    t.is(statisticsNoise, 0)
    t.true(refuted)
  }
})

test('canaries are at most half of the parameters, and about half of them are in', async t => {
  const { canaries, included } = await audited('many', { canaries: 1 << 20, rounds: 1 })
  t.is(canaries, LENGTH + 1)
  t.true(Math.abs(included - canaries / 2) < 5 * Math.sqrt(canaries / 4))
})
