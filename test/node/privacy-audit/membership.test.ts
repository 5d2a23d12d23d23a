// Claims of node/privacy-audit/membership.ts: training without privacy reveals members, training with it does not.

import test from 'ava'
import { auditFinalModel, auditMembership } from '../../../node/privacy-audit/membership.ts'
import { rehearse } from '../../../node/privacy-audit/rehearsal.ts'
import { deployed } from '../../../protocols/model/checkpoint.ts'
import { withRounds } from '../../../protocols/study/rounds.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { noisyStudy, rngOf, strangers, wasm } from './subjects.ts'

const LENGTH = 150
const data = { kind: 'vector' as const, shape: [LENGTH] as [number], classes: ['no', 'yes'] }

test('models that know random labels by heart are found out, those with noise are not', async t => {
  const document = noisyStudy({ changes: { contract: data, rounds: 20 }, privacy: { noiseMultiplier: 40 } })
  const dataset = strangers({ count: 200, length: LENGTH, seed: 'membership' })
  let trained = 0
  const init = { document, dataset, backend: await wasm(), rng: rngOf('membership') }
  const audit = auditMembership(init, { shadows: 8, trained: () => trained++ })
  t.like(audit, { targets: 200, background: 0, models: 10 })
  t.is(trained, 20)
  const { withPrivacy, withoutPrivacy } = audit
  t.log(
    withPrivacy.likelihoodRatio.roc.auc,
    withPrivacy.loss.roc.auc,
    withoutPrivacy.likelihoodRatio.roc.auc,
    withoutPrivacy.loss.roc.auc,
  )
  t.true(withoutPrivacy.likelihoodRatio.roc.auc > 0.8)
  t.true(withoutPrivacy.loss.roc.auc > 0.8)
  t.true(withoutPrivacy.likelihoodRatio.truePositives > 0.05)
  t.true(withoutPrivacy.accuracy.members > 0.97 && withoutPrivacy.accuracy.others < 0.65)
  t.true(Math.abs(withPrivacy.likelihoodRatio.roc.auc - 0.5) < 0.06)
  t.true(Math.abs(withPrivacy.loss.roc.auc - 0.5) < 0.06)
  t.is(withPrivacy.document.privacy.noiseMultiplier, 40)
  t.is(withoutPrivacy.document.privacy.noise, 'off')
})

test('a final model that learnt its records by heart gives them away by its losses', async t => {
  const backend = await wasm()
  const quiet = testStudy(testSigners(4))
  const privacy = { ...quiet.privacy, sampleRate: 2 ** 32, clippingNorm: 100 }
  const document = {
    ...withRounds(quiet, 80),
    units: 60,
    contract: data,
    privacy,
    optimizer: { ...quiet.optimizer, learningRate: 1 },
  }
  const [members, others] = ['members', 'others'].map(seed => strangers({ count: 60, length: LENGTH, seed }))
  const model = deployed(rehearse({ document, parts: [members!], backend, rng: rngOf('final') }))
  const found = auditFinalModel({ document, model, members: members!, others: others!, backend })
  t.like(found, { members: 60, others: 60 })
  t.log(found.roc.auc)
  t.true(found.roc.auc > 0.75)
  const first = { document, model: { ...model, parameters: new Float32Array(model.parameters.length) }, backend }
  // a model that says the same of everybody
  t.is(auditFinalModel({ ...first, members: members!, others: others! }).roc.auc, 0.5)
})
