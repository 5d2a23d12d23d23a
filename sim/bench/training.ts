/**
 * Cost of privacy in a training step: per-example clipping by book-keeping, compared with a step without privacy and
 * with a loop over single examples. The three run interleaved in one process, so that ratios hold on a busy machine.
 *
 * @module
 */

import { type Backend, type Engine, loadBackend } from '../../node/training/backend.ts'
import { buildModel, splitParameters } from '../../node/training/model.ts'
import { CLIP_MARGIN, createBookkeeping, EXAMPLES_MAX } from '../../node/training/per-example-clipping.ts'
import { initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import type { ModelSpec } from '../../protocols/study/models/list.ts'
import { parameterSpecs } from '../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { CONVOLUTIONAL_RECIPE } from '../demo/recipe.ts'
import { plainStep } from './plain-step.ts'
import { type Batch, loopClippedSum } from './reference.ts'

export interface TrainingBench {
  engine: string
  batch: number
  /** medians of one step */
  dpMs: number
  plainMs: number
  loopMs: number
  /** dpMs / plainMs */
  ratio: number
  /** loopMs / dpMs */
  loopRatio: number
  /** the largest ‖book-keeping − loop‖ / ‖loop‖ over the model's tensors */
  maxRelativeError: number
}

const IMAGE: [number, number, number] = [28, 28, 1]
const DATA: DataContract = { kind: 'image', shape: IMAGE, classes: ['no', 'yes'] }
const WARM_UP = 2

/**
 * Measures the demonstration's model on random records.
 *
 * @param options  batch at most EXAMPLES_MAX; repetitions of each of the three, after a warm-up
 */
export async function benchTraining({
  engine,
  batch,
  repetitions,
}: {
  engine: 'auto' | Engine
  batch: number
  repetitions: number
}): Promise<TrainingBench> {
  if (batch > EXAMPLES_MAX) throw new RangeError(`a batch of at most ${EXAMPLES_MAX}`)
  const backend = await loadBackend({ engine })
  const steps = stepsOf(backend, CONVOLUTIONAL_RECIPE.model, randomBatch(CONVOLUTIONAL_RECIPE.model, batch))
  const times = { dp: [] as number[], plain: [] as number[], loop: [] as number[] }
  for (let repetition = -WARM_UP; repetition < repetitions; repetition++) {
    for (const name of ['dp', 'plain', 'loop'] as const) {
      const start = performance.now()
      steps[name]()
      if (repetition >= 0) times[name].push(performance.now() - start)
    }
  }
  const [dpMs, plainMs, loopMs] = [median(times.dp), median(times.plain), median(times.loop)]
  const maxRelativeError = largestError(CONVOLUTIONAL_RECIPE.model, steps.dp(), steps.loop())
  steps.dispose()
  return {
    engine: backend.engine,
    batch,
    dpMs,
    plainMs,
    loopMs,
    ratio: dpMs / plainMs,
    loopRatio: loopMs / dpMs,
    maxRelativeError,
  }
}

interface Steps {
  dp(): Float64Array
  plain(): Float64Array
  loop(): Float64Array
  dispose(): void
}

function stepsOf(backend: Backend, spec: ModelSpec, batch: Batch): Steps {
  if (spec.preset !== 'cnn') throw new TypeError('the step without privacy is written for the cnn preset')
  const { clippingNorm } = CONVOLUTIONAL_RECIPE.privacy
  const model = buildModel(backend.tf, spec, DATA)
  const bookkeeping = createBookkeeping(backend, { model, clippingNorm })
  const cnn = { specs: parameterSpecs(spec, DATA), image: IMAGE, groups: spec.groups }
  return {
    dp: () => {
      const sum = new Float64Array(bookkeeping.dimension)
      bookkeeping.addClipped(sum, batch)
      return sum
    },
    plain: () => plainStep(backend, cnn, batch),
    loop: () => loopClippedSum(backend, { model, clippingNorm: CLIP_MARGIN * clippingNorm }, batch).sum,
    dispose: () => model.dispose(),
  }
}

/** The same records and parameters in every run. */
function randomBatch(model: ModelSpec, count: number): Batch {
  const size = DATA.shape.reduce((product, length) => product * length, 1)
  const document = { model, contract: DATA, initialSeed: new Uint8Array(32) } as StudyDocument
  const { parameters } = initialCheckpoint(document)
  let state = 1
  const inputs = Float32Array.from({ length: count * size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  })
  return { parameters, inputs, labels: Int32Array.from({ length: count }, (_, index) => index % DATA.classes.length) }
}

function largestError(model: ModelSpec, actual: Float64Array, expected: Float64Array): number {
  const shapes = parameterSpecs(model, DATA).map(spec => spec.shape)
  const difference = Float32Array.from(actual, (value, index) => value - expected[index]!)
  const reference = splitParameters(Float32Array.from(expected), shapes)
  const errors = splitParameters(difference, shapes).map((part, index) => norm(part) / norm(reference[index]!))
  return Math.max(...errors)
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}
