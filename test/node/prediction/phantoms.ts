/** Pictures like chest X-rays, drawn by a formula, with a shadow at a known place; and a model that has seen some. @module */

import type { Dataset } from '../../../node/datasets/dataset.ts'
import type { Backend } from '../../../node/training/backend.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { ImageContract } from '../../../protocols/study/contracts/image.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { uniforms } from '../training/engines.ts'

export const SIDE = 64
export const PHANTOM_CONTRACT: ImageContract = { kind: 'image', shape: [SIDE, SIDE, 1], classes: ['clear', 'shadow'] }

export interface Phantom {
  readonly values: Float32Array
  /** null: none */
  readonly shadow: { readonly x: number; readonly y: number; readonly radius: number } | null
}

/**
 * Two lungs, darker than the body, with noise, and a light round shadow in one of the lungs. Lungs are darker by 0.12 only:
 * by 0.3, a window of the image's mean stands out of them, and maps of a logistic model hit 20 of 50 (docs/models.md).
 */
export function phantom(random: () => number, hasShadow: boolean): Phantom {
  const lungs = [20, 44].map(x => ({ x: x + 2 * random() - 1, y: 32 + 4 * random() - 2, across: 9, down: 20 }))
  const lung = lungs[random() < 0.5 ? 0 : 1]!
  const place = { x: lung.x + 8 * random() - 4, y: lung.y + 24 * random() - 12, radius: 4 + 2 * random() }
  const shadow = hasShadow ? place : null
  const brightness = 0.5 + 0.1 * random()
  const values = Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)]
    const isLung = lungs.some(one => ((x - one.x) / one.across) ** 2 + ((y - one.y) / one.down) ** 2 < 1)
    const far =
      shadow === null ? Number.POSITIVE_INFINITY : ((x - shadow.x) ** 2 + (y - shadow.y) ** 2) / shadow.radius ** 2
    const light = brightness - (isLung ? 0.12 : 0) + 0.35 * Math.exp(-far) + 0.06 * (random() - 0.5)
    return Math.min(Math.max(light, 0), 1)
  })
  return { values, shadow }
}

export interface Learnt {
  readonly document: StudyDocument
  readonly parameters: Float32Array
}

/** Trains without noise on half of each class, by the sums that a hospital contributes. */
export function learnt(
  backend: Backend,
  { model, count, steps, rate }: { model: ModelSpec; count: number; steps: number; rate: number },
): Learnt {
  const random = uniforms('phantoms to learn')
  const records = Array.from({ length: count }, (_, at) => phantom(random, at % 2 === 1).values)
  const dataset: Dataset = {
    count,
    shape: [...PHANTOM_CONTRACT.shape],
    inputs: (record, into) => into.set(records[record]!),
    labels: Int32Array.from({ length: count }, (_, at) => at % 2),
  }
  const study = testStudy(testSigners(4), {})
  const privacy = { ...study.privacy, sampleRate: 2 ** 32, clippingNorm: 1 }
  const document: StudyDocument = { ...study, contract: PHANTOM_CONTRACT, model, privacy }
  const trainer = createTrainer({ document, dataset, backend, rng: seededRng('phantoms') })
  const { parameters } = initialCheckpoint(document)
  const momentum = new Float64Array(parameters.length)
  for (let step = 0; step < steps; step++) {
    const sum = trainer.clippedSum({ parameters, normalisation: new Float32Array(0) })
    for (let at = 0; at < parameters.length; at++) {
      momentum[at] = 0.9 * momentum[at]! + sum[at]! / count
      parameters[at]! -= rate * momentum[at]!
    }
  }
  trainer.dispose()
  return { document, parameters }
}
