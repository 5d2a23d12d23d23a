/**
 * Membership inference: two attacks on models that were each trained on half of some units of privacy (records, or all
 * records of a patient), once as the study trains, once without privacy.
 *
 * Models come in pairs that are trained on complementary halves; each is attacked with the models of all other pairs
 * as its shadow models (Carlini et al., IEEE S&P 2022), and by the loss alone (Yeom, Giacomelli, Fredrikson, Jha, CSF
 * 2018).
 *
 * @module
 */

import type { Rng } from '../../crypto/rng.ts'
import { deployed, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { CLIPPING_NORM_MAX, SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { NO_NOISE } from '../../protocols/study/noise/off.ts'
import { withRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, recordsAt, selectRecords } from '../datasets/dataset.ts'
import { type Units, unitsOf } from '../datasets/units.ts'
import { metrics } from '../evaluation/metrics.ts'
import { type Roc, rocOf } from '../evaluation/roc.ts'
import type { Backend } from '../training/backend.ts'
import { scores } from '../training/evaluation.ts'
import { featuresOf } from '../training/features.ts'
import { buildModel } from '../training/model.ts'
import { unitsOfPass } from '../training/pass.ts'
import { createBookkeeping } from '../training/per-example-clipping.ts'
import type { ModelState } from '../training/trainer.ts'
import { confidences, likelihoodRatios } from './likelihood-ratio.ts'
import { deal, recordsOfUnits, shuffle, trainedPart } from './records.ts'
import { rehearse } from './rehearsal.ts'
import { truePositivesAt } from './roc.ts'

/** Units that are members of some models only; the rest of a larger data set is in all models' training data. */
const TARGETS_MAX = 1000
export const TARGETS_MIN = 20
const FALSE_POSITIVES = 0.01

/** Training without privacy: small batches, momentum, many epochs. */
const OPEN_BATCH = 64
const OPEN_EPOCHS = 30
const OPEN_ROUNDS_MIN = 300
const OPEN_MOMENTUM = 0.9
/** Learning rate times the largest gradient at the start. */
const OPEN_STEP = 0.7
/** Clipping norm over the largest gradient at the start, so that nothing is clipped. */
const OPEN_CLIPPING = 4

/** Records of the units that are attacked, unit after unit. */
interface Targets {
  readonly records: Dataset
  readonly count: number
  /** of each record, its unit */
  readonly of: readonly number[]
}

/** The success of one attack. */
export interface AttackResult {
  readonly roc: Roc
  /** true positive rate at the false positive rate FALSE_POSITIVES */
  readonly truePositives: number
}

export interface MembershipResult {
  readonly likelihoodRatio: AttackResult
  readonly loss: AttackResult
  /** mean accuracy of the models on their members and on other records */
  readonly accuracy: { readonly members: number; readonly others: number }
  /** the study that was trained */
  readonly document: StudyDocument
}

export interface MembershipAudit {
  /** units with random membership, and units that every model was trained on */
  readonly targets: number
  readonly background: number
  readonly models: number
  readonly withPrivacy: MembershipResult
  readonly withoutPrivacy: MembershipResult
}

export interface MembershipInit {
  readonly document: StudyDocument
  readonly dataset: Dataset
  readonly backend: Backend
  readonly rng: Rng
}

/**
 * Trains models with privacy and as many without, and attacks all of them.
 *
 * @param shadows  shadow models of each attack, an even number; two more models of each kind are trained
 * @param trained  called after each training
 * @throws as `rehearse`
 */
export function auditMembership(
  { document, dataset, backend, rng }: MembershipInit,
  { shadows, trained }: { shadows: number; trained: () => void },
): MembershipAudit {
  const { document: whole, records } = trainedPart(document, dataset)
  const units = unitsOf(whole.unit, records)
  const order = shuffle(units.count, rng)
  const half = Math.floor(Math.min(TARGETS_MAX, units.count) / 2)
  const chosen = order.slice(0, 2 * half)
  const targets = targetsOf(records, { units, chosen })
  const background = order.slice(2 * half)
  const models = shadows + 2
  const members = Array.from({ length: models }, () => new Set<number>())
  for (let pair = 0; pair < models; pair += 2) {
    shuffle(2 * half, rng).forEach((target, rank) => {
      members[pair + (rank < half ? 0 : 1)]!.add(target)
    })
  }
  const included = members.map(set => Array.from(chosen, (_, target) => set.has(target)))
  const attacked = (study: StudyDocument, hospitals: number): MembershipResult => {
    const answers = included.map(isIn => {
      const own = chosen.filter((_, target) => isIn[target])
      const trainedOn = recordsOfUnits(units, Uint32Array.from([...own, ...background]))
      const parts = deal(whole.unit, recordsAt(records, trainedOn), { hospitals, rng })
      const model = deployed(rehearse({ document: study, parts, backend, rng }))
      trained()
      return scores({ backend, document: study, ...model, dataset: targets.records })
    })
    return { ...attackResults(answers, { included, targets, classes: whole.contract.classes.length }), document: study }
  }
  const count = half + background.length
  return {
    targets: chosen.length,
    background: background.length,
    models,
    withPrivacy: attacked({ ...whole, units: count }, whole.hospitals.length),
    withoutPrivacy: attacked(openDocument(whole, { records, count, backend }), 1),
  }
}

function targetsOf(records: Dataset, { units, chosen }: { units: Units; chosen: Uint32Array }): Targets {
  const of = [...chosen].flatMap((unit, target) => [...units.recordsOf(unit)].map(() => target))
  return { records: recordsAt(records, recordsOfUnits(units, chosen)), count: chosen.length, of }
}

/** The mean over the records of each target. */
function meansOf(values: Float64Array, of: readonly number[], targets: number): Float64Array {
  const [sums, counts] = [new Float64Array(targets), new Float64Array(targets)]
  of.forEach((target, record) => {
    sums[target]! += values[record]!
    counts[target]! += 1
  })
  return sums.map((sum, target) => sum / counts[target]!)
}

function attackResults(
  answers: readonly Float32Array[],
  { included, targets, classes }: { included: readonly boolean[][]; targets: Targets; classes: number },
): Omit<MembershipResult, 'document'> {
  const { records, of, count } = targets
  const each = answers.map(probabilities => meansOf(confidences(probabilities, records.labels, classes), of, count))
  const members = included.flat()
  const ratios = each.flatMap((_, target) => {
    // exactly half of the models of the other pairs know a record; the target's own partner would reveal the answer
    const shadows = [...each.keys()].filter(model => model >> 1 !== target >> 1)
    return [...likelihoodRatios({ confidences: each, included }, { target, shadows })]
  })
  const accuracyOf = (wanted: boolean): number => {
    const some = answers.map((probabilities, model) => {
      const rows = [...records.labels.keys()].filter(row => included[model]![targets.of[row]!] === wanted)
      const own = rows.flatMap(row => [...probabilities.subarray(row * classes, (row + 1) * classes)])
      return metrics(
        Float32Array.from(own),
        rows.map(row => records.labels[row]!),
        classes,
      ).accuracy
    })
    return some.reduce((sum, accuracy) => sum + accuracy, 0) / some.length
  }
  return {
    likelihoodRatio: resultOf(ratios, members),
    // the loss falls as the confidence rises
    loss: resultOf(
      each.flatMap(values => [...values]),
      members,
    ),
    accuracy: { members: accuracyOf(true), others: accuracyOf(false) },
  }
}

function resultOf(values: readonly number[], members: readonly boolean[]): AttackResult {
  const roc = rocOf(values, members)
  return { roc, truePositives: truePositivesAt(roc, FALSE_POSITIVES) }
}

/** The study without privacy; its learning rate follows from the size of the gradients, so that it suits any model. */
function openDocument(
  document: StudyDocument,
  { records, count, backend }: { records: Dataset; count: number; backend: Backend },
): StudyDocument {
  const largest = largestGradient(document, { records, backend })
  const rate = Math.min(1, OPEN_BATCH / count)
  const { localSteps: _, ...privacy } = document.privacy
  const clippingNorm = Math.min(CLIPPING_NORM_MAX, OPEN_CLIPPING * largest)
  const sampleRate = Math.round(rate * SAMPLE_RATE_ONE)
  return {
    ...withRounds(document, Math.max(OPEN_ROUNDS_MIN, Math.ceil(OPEN_EPOCHS / rate))),
    units: count,
    optimizer: { ...document.optimizer, learningRate: OPEN_STEP / largest, momentum: OPEN_MOMENTUM },
    privacy: { ...privacy, ...NO_NOISE, clippingNorm, sampleRate },
  }
}

function largestGradient(
  document: StudyDocument,
  { records, backend }: { records: Dataset; backend: Backend },
): number {
  const model = buildModel(backend.tf, document.model, document.contract)
  try {
    const { addClipped, dimension } = createBookkeeping(backend, { model, clippingNorm: 1 })
    const some = Uint32Array.from({ length: Math.min(records.count, unitsOfPass(document)) }, (_, at) => at)
    const { parameters } = initialCheckpoint(document)
    const seen = featuresOf(document, recordsAt(records, some))
    const norms = addClipped(new Float64Array(dimension), {
      parameters,
      ...selectRecords(seen, Uint32Array.from(some.keys())),
    })
    return Math.max(Number.MIN_VALUE, ...norms.filter(Number.isFinite))
  } finally {
    model.dispose()
  }
}

/** The loss attack's success on a finished model. */
export interface FinalModelAudit extends AttackResult {
  readonly members: number
  readonly others: number
}

/**
 * Runs the loss attack on one model: units that it was trained on against others.
 *
 * @throws OperatorError `dataset-mismatch`, exit code 11
 */
export function auditFinalModel({
  document,
  model,
  members,
  others,
  backend,
}: {
  document: StudyDocument
  model: ModelState
  members: Dataset
  others: Dataset
  backend: Backend
}): FinalModelAudit {
  const classes = document.contract.classes.length
  const confidencesOf = (dataset: Dataset): number[] => {
    const probabilities = scores({ backend, document, ...model, dataset })
    const units = unitsOf(document.unit, dataset)
    const each = confidences(probabilities, dataset.labels, classes)
    return Array.from({ length: units.count }, (_, unit) => meanOf(units.recordsOf(unit), each))
  }
  const own = confidencesOf(members)
  const values = [...own, ...confidencesOf(others)]
  const isMember = values.map((_, at) => at < own.length)
  return { ...resultOf(values, isMember), members: own.length, others: values.length - own.length }
}

function meanOf(records: Uint32Array, values: Float64Array): number {
  return records.reduce((sum, record) => sum + values[record]!, 0) / records.length
}
