// Claims of node/privacy-audit/inversion.ts and eavesdropping.ts: a record alone in an unprotected update is recovered;
// the masked share on the wire reveals nothing of it, and the opened sum no more than chance.

import test from 'ava'
import { quantise } from '../../../crypto/fixed-point.ts'
import { eavesdroppers } from '../../../node/privacy-audit/eavesdropping.ts'
import { auditInversion, denseInput, type InversionAudit } from '../../../node/privacy-audit/inversion.ts'
import { sigmaOf } from '../../../node/privacy-audit/rehearsal.ts'
import { correlation } from '../../../node/privacy-audit/ridge.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { inputsOf } from '../../helpers/inputs.ts'
import { noisyStudy, phantomStudy, phantoms, rngOf, strangers, wasm } from './subjects.ts'

test('a dense layer’s gradient of one record is its input, exactly', async t => {
  const length = 40
  const data = { kind: 'vector' as const, shape: [length] as [number], classes: ['no', 'yes'] }
  const record = strangers({ count: 1, length, seed: 'alone' })
  for (const model of [{ preset: 'logistic' as const }, { preset: 'mlp' as const, units: [16, 8] }]) {
    const document = noisyStudy({ changes: { contract: data, model } })
    const trainer = createTrainer({ document, dataset: record, backend: await wasm(), rng: rngOf('alone') })
    const update = trainer.clippedSum(initialCheckpoint(document))
    trainer.dispose()
    const units = model.preset === 'mlp' ? 16 : 2
    denseInput(update, [length, units]).forEach((value, at) => {
      t.true(Math.abs(value - inputsOf(record)[at]!) < 1e-5)
    })
    // and as integers, to what the fixed point leaves
    const seen = quantise(update, planStudy(document).fixedPoint.scale)
    t.true(correlation(denseInput(seen, [length, units]), inputsOf(record)) > 0.9999)
  }
  t.deepEqual([...denseInput(new Int32Array(6), [2, 2])], [0, 0])
})

test('the share that travels has nothing of the update in it; noise and sums are the study’s', async t => {
  const length = 4000
  const data = { kind: 'vector' as const, shape: [length] as [number], classes: ['no', 'yes'] }
  const document = noisyStudy({ changes: { contract: data } })
  const { dimension } = planStudy(document)
  const ramp = Int32Array.from({ length: dimension }, (_, at) => 10_000 * (at % 100))
  const others = Int32Array.from({ length: dimension }, (_, at) => 7 * at)
  const see = eavesdroppers(document, rngOf('share'))
  t.deepEqual(see.none(ramp, others), ramp)
  t.deepEqual(
    see.sum(ramp, others),
    ramp.map((word, at) => word + others[at]!),
  )
  const share = see.share(ramp, others)
  // 8002 uniform words: 5 deviations
  t.true(Math.abs(correlation(share, ramp)) < 5 / Math.sqrt(dimension))
  t.true(Math.abs(share.filter(word => word < 0).length / dimension - 0.5) < 2.5 / Math.sqrt(dimension))
  const sigma = sigmaOf(document, 8)
  for (const [seen, clear, noises] of [
    [see.noise(ramp, others), ramp, 1],
    [see.both(ramp, others), see.sum(ramp, others), 8],
  ] as const) {
    const squares = seen.reduce((total, word, at) => total + (word - clear[at]!) ** 2, 0)
    t.true(Math.abs(Math.sqrt(squares / dimension / noises) / sigma - 1) < 0.04)
  }
})

async function attacked(document: StudyDocument, seed: string): Promise<Record<string, InversionAudit['columns'][0]>> {
  const found = auditInversion({ document, dataset: phantoms(260), backend: await wasm(), rng: rngOf(seed) })
  return Object.fromEntries(found!.columns.map(column => [column.protection, column]))
}

test('phantoms come out of bare updates of each kind of model, and not out of shares or opened sums', async t => {
  const privacy = { noiseMultiplier: 5 }
  const models: [StudyDocument['model'], least: number][] = [
    [{ preset: 'logistic' }, 0.999],
    [{ preset: 'scattering', scales: 2, angles: 4, cell: 4 }, 0.5],
    [{ preset: 'cnn', filters: [8, 8], groups: 4 }, 0.4],
  ]
  for (const [model, least] of models) {
    const { none, noise, sum, share, both } = await attacked(
      phantomStudy({ changes: { model }, privacy }),
      model.preset,
    )
    t.log(model.preset, [none, noise, sum, share, both].map(column => column!.mean.toFixed(2)).join(' '))
    t.true(none!.mean > least, `${model.preset}: ${none!.mean}`)
    t.is(none!.attack, model.preset === 'cnn' ? 'learnt' : 'analytic')
    for (const column of [share!, both!]) {
      t.true(column.mean - column.chance < 0.25, `${model.preset} ${column.protection}: ${column.mean}`)
      t.is(column.recovered.length, column.correlations.length)
    }
  }
})

test('of a handful of records nothing is learnt', async t => {
  const init = { document: phantomStudy({ privacy: {} }), backend: await wasm(), rng: rngOf('few') }
  t.is(auditInversion({ ...init, dataset: phantoms(40) }), null)
})
