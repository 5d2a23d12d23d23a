/**
 * Gradient inversion: recovers a record from an update that holds only this record, under each protection and under
 * none.
 *
 * There are two attacks; for each protection the report shows the one that does better on records that are no victims.
 * Analytic: where the first layer is dense with a bias, the update holds the layer's input, a row of ∂W over its ∂b
 * (Phong et al., IEEE TIFS 2018); a ridge regression turns frozen features back into pictures. Learnt: a kernel ridge
 * regression from whole updates to pictures, trained on records of the same kind (Wu, Chen, Guo, Weinberger, UAI 2023).
 *
 * @module
 */

import { quantise } from '../../crypto/fixed-point.ts'
import type { Rng } from '../../crypto/rng.ts'
import { initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { parameterSpecs } from '../../protocols/study/parameters.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, recordsAt, selectRecords } from '../datasets/dataset.ts'
import type { Backend } from '../training/backend.ts'
import { createTrainer } from '../training/data-trainer.ts'
import { buildModel } from '../training/model.ts'
import { createBookkeeping } from '../training/per-example-clipping.ts'
import { eavesdroppers, PROTECTIONS, type Protection } from './eavesdropping.ts'
import { attackedPart, shuffle } from './records.ts'
import { correlation, createRidge, dot, type Ridge, unit } from './ridge.ts'

/** Records that are attacked. */
const VICTIMS = 24
/** Victims that the report shows. */
export const SHOWN = 6
/** Records that the attacks are trained on. */
const AUXILIARIES_MAX = 800
/** With fewer auxiliaries there is no attack. */
const AUXILIARIES_MIN = 30
/** Records that the attacks' settings are chosen on. */
const CHOSEN_ON = 12
/** Numbers of all auxiliaries' gradients together: half a gigabyte. */
const GRADIENT_NUMBERS_MAX = 1 << 27
/** Width of the Gaussian kernel, relative to the distance of orthogonal unit vectors. */
const KERNEL_WIDTH = 1

export type AttackName = 'analytic' | 'learnt'

export interface InversionColumn {
  readonly protection: Protection
  readonly attack: AttackName
  /** one recovered record for each victim; the report shows the first SHOWN */
  readonly recovered: readonly Float32Array[]
  /** between the recovered and the true record, both less the mean record */
  readonly correlations: readonly number[]
  readonly mean: number
  /** mean correlation with other victims' records: the chance level */
  readonly chance: number
}

export interface InversionAudit {
  readonly originals: readonly Float32Array[]
  readonly shape: readonly number[]
  readonly auxiliaries: number
  /** mean number of records in the round's sum */
  readonly summed: number
  readonly columns: readonly InversionColumn[]
}

export interface InversionInit {
  readonly document: StudyDocument
  readonly dataset: Dataset
  readonly backend: Backend
  readonly rng: Rng
}

/**
 * Attacks updates of the study's first round.
 *
 * @returns null where there are too few records to attack and to learn from
 * @throws as `createTrainer`
 */
export function auditInversion({ document, dataset, backend, rng }: InversionInit): InversionAudit | null {
  const { document: study, records } = attackedPart(document, dataset)
  const { dimension } = planStudy(study)
  const order = victimsFirst(shuffle(dataset.count, rng), dataset)
  const spare = Math.min(
    AUXILIARIES_MAX,
    Math.floor(GRADIENT_NUMBERS_MAX / dimension),
    order.length - VICTIMS - CHOSEN_ON,
  )
  if (spare < AUXILIARIES_MIN) return null
  const [victims, chosenOn, auxiliaries] = [
    order.slice(0, VICTIMS),
    order.slice(VICTIMS, VICTIMS + CHOSEN_ON),
    order.slice(VICTIMS + CHOSEN_ON, VICTIMS + CHOSEN_ON + spare),
  ]
  const updateOf = updatesOf(study, { records, backend })
  const pictures = picturesOf(dataset)
  const others = roundSum(study, { records: recordsAt(records, order.slice(VICTIMS + CHOSEN_ON)), backend, rng })
  const learnt = {
    updates: [...auxiliaries].map(updateOf),
    features: [...auxiliaries].map(picturesOf(records)),
    outputs: [...auxiliaries].map(pictures),
  }
  const attacks = attacksOf({ study, isFeatures: study !== document, backend }, learnt)
  const isTable = dataset.shape.length === 1
  const { own, alike } = likeness(learnt.outputs, isTable)
  // columns of a table have different units, so they are shown as deviations from their mean
  const shown = (record: Float32Array) => (isTable ? own(record) : record)
  const eavesdrop = eavesdroppers(study, rng)
  const columns = PROTECTIONS.map(protection => {
    const see = (record: number) => eavesdrop[protection](updateOf(record), others.sum)
    const trials = [...chosenOn].map(record => ({ seen: see(record), truth: pictures(record) }))
    const best = bestOf(attacks, trials, alike)
    const recovered = [...victims].map(record => best.recover(see(record)))
    return {
      protection,
      attack: best.name,
      recovered: recovered.map(shown),
      ...judged(recovered, [...victims].map(pictures), alike),
    }
  })
  return {
    ...{ originals: [...victims].map(pictures).map(shown), shape: dataset.shape, auxiliaries: spare },
    ...{ summed: others.expected, columns },
  }
}

/** Reorders records so that the classes alternate among the first, which are the victims. */
function victimsFirst(order: Uint32Array, { labels }: Dataset): Uint32Array {
  const classes = [...new Set(labels)].sort((a, b) => a - b)
  const queues = classes.map(label => [...order].filter(at => labels[at] === label))
  const first = Array.from({ length: VICTIMS + CHOSEN_ON }, (_, turn) => queues[turn % queues.length]!.shift())
  const taken = new Set(first.filter(at => at !== undefined))
  return Uint32Array.from([...taken, ...[...order].filter(at => !taken.has(at))])
}

function picturesOf(dataset: Dataset): (record: number) => Float32Array {
  return record => selectRecords(dataset, Uint32Array.of(record)).inputs
}

/** Gives a record's clipped gradient at the study's initial parameters, which are public, as integers. */
function updatesOf(
  study: StudyDocument,
  { records, backend }: { records: Dataset; backend: Backend },
): (record: number) => Int32Array {
  const model = buildModel(backend.tf, study.model, study.contract)
  const { addClipped, dimension } = createBookkeeping(backend, { model, clippingNorm: study.privacy.clippingNorm })
  const { parameters } = initialCheckpoint(study)
  const { scale } = planStudy(study).fixedPoint
  return record => {
    const sum = new Float64Array(dimension)
    addClipped(sum, { parameters, ...selectRecords(records, Uint32Array.of(record)) })
    return quantise(sum, scale)
  }
}

/** Draws the sum over a first round's samples of all other records. */
function roundSum(
  study: StudyDocument,
  { records, backend, rng }: { records: Dataset; backend: Backend; rng: Rng },
): { sum: Int32Array; expected: number } {
  const trainer = createTrainer({ document: study, dataset: records, backend, rng })
  const sum = trainer.clippedSum(initialCheckpoint(study))
  trainer.dispose()
  const expected = (records.count * study.privacy.sampleRate) / 2 ** 32
  return { sum: quantise(sum, planStudy(study).fixedPoint.scale), expected }
}

interface Attack {
  readonly name: AttackName
  /** the recovered record for each of the attack's settings */
  recover(seen: Int32Array): Float32Array[]
}

interface Learnt {
  readonly updates: readonly Int32Array[]
  readonly features: readonly Float32Array[]
  readonly outputs: readonly Float32Array[]
}

function attacksOf(
  { study, isFeatures, backend }: { study: StudyDocument; isFeatures: boolean; backend: Backend },
  { updates, features, outputs }: Learnt,
): Attack[] {
  const ridge = ridgeOf(backend, updates.map(unit), outputs)
  const whole: Attack = { name: 'learnt', recover: seen => ridge(unit(seen)) }
  const [kernel, bias] = parameterSpecs(study.model, study.contract).map(({ shape }) => shape)
  if (kernel?.length !== 2 || bias?.length !== 1) return [whole]
  const input = (seen: Int32Array) => denseInput(seen, kernel as [number, number])
  if (!isFeatures) return [{ name: 'analytic', recover: seen => [input(seen)] }, whole]
  const decoder = ridgeOf(backend, features.map(unit), outputs)
  return [{ name: 'analytic', recover: seen => decoder(unit(input(seen))) }, whole]
}

/**
 * The input of a dense layer from its gradient of one record: ∂L/∂W = x gᵀ and ∂L/∂b = g, so any column of the first over
 * its entry of the second; the largest entry loses least to rounding.
 *
 * @param seen     kernel, row-major [inputs, units], then bias [units], then whatever follows
 * @returns        zeros where there is no bias to divide by
 */
export function denseInput(seen: ArrayLike<number>, [inputs, units]: readonly [number, number]): Float32Array {
  let column = 0
  const biasAt = (at: number) => seen[inputs * units + at]!
  for (let at = 1; at < units; at++) if (Math.abs(biasAt(at)) > Math.abs(biasAt(column))) column = at
  const divisor = biasAt(column)
  return Float32Array.from({ length: inputs }, (_, at) => (divisor === 0 ? 0 : seen[at * units + column]! / divisor))
}

function ridgeOf({ tf }: Backend, inputs: Float32Array[], outputs: readonly Float32Array[]): Ridge {
  const gram = tf.tidy(() => {
    const size = inputs[0]!.length
    const flat = new Float32Array(inputs.length * size)
    inputs.forEach((row, at) => {
      flat.set(row, at * size)
    })
    const rows = tf.tensor2d(flat, [inputs.length, size])
    return tf.matMul(rows, tf.transpose(rows)).dataSync()
  })
  const kernel = (product: number) => Math.exp((product - 1) / KERNEL_WIDTH)
  return createRidge({ inputs, gram, outputs, kernel })
}

type Likeness = (recovered: Float32Array, truth: Float32Array) => number

/** Correlation of records less their mean: all chest X-rays look alike, and the mean of many is no secret. */
function likeness(
  outputs: readonly Float32Array[],
  standardised: boolean,
): { own: (record: Float32Array) => Float32Array; alike: Likeness } {
  const size = outputs[0]!.length
  const ones = new Float64Array(outputs.length).fill(1 / outputs.length)
  const columns = Array.from({ length: size }, (_, at) => outputs.map(output => output[at]!))
  const means = columns.map(column => dot(column, ones))
  // columns of a table have units of their own
  const spreads = columns.map((column, at) => {
    const variance = dot(
      column.map(value => (value - means[at]!) ** 2),
      ones,
    )
    return standardised && variance > 0 ? Math.sqrt(variance) : 1
  })
  const own = (record: Float32Array) => record.map((value, at) => (value - means[at]!) / spreads[at]!)
  return { own, alike: (recovered, truth) => correlation(own(recovered), own(truth)) }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** The attack and setting that do best on records that the attacker knows. */
function bestOf(
  attacks: readonly Attack[],
  trials: readonly { seen: Int32Array; truth: Float32Array }[],
  alike: Likeness,
): { name: AttackName; recover: (seen: Int32Array) => Float32Array } {
  let best: { attack: Attack; setting: number; score: number } | undefined
  for (const attack of attacks) {
    const likenesses = trials.map(({ seen, truth }) => attack.recover(seen).map(one => alike(one, truth)))
    likenesses[0]!.forEach((_, setting) => {
      const score = mean(likenesses.map(each => each[setting]!))
      if (best === undefined || score > best.score) best = { attack, setting, score }
    })
  }
  const { attack, setting } = best!
  return { name: attack.name, recover: seen => attack.recover(seen)[setting]! }
}

function judged(recovered: readonly Float32Array[], truths: readonly Float32Array[], alike: Likeness) {
  const correlations = recovered.map((one, victim) => alike(one, truths[victim]!))
  const strangers = recovered.flatMap((one, victim) => {
    return truths.flatMap((truth, other) => (other === victim ? [] : [alike(one, truth)]))
  })
  return { correlations, mean: mean(correlations), chance: mean(strangers) }
}
