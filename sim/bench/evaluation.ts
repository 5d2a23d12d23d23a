/**
 * How near an evaluation by one noised sum comes to the exact value: a study of real data with eight hospitals, two of
 * which may collude, trained once by the production code; then its evaluation is counted again and again, each time with
 * noise of its own. Exact is the AUC of all held-back units in one place, without bins and without noise.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import { quantise } from '../../crypto/fixed-point.ts'
import { type Dataset, recordsAt } from '../../node/datasets/dataset.ts'
import { isHeldBack } from '../../node/datasets/held-back.ts'
import { unitsOf } from '../../node/datasets/units.ts'
import { rehearse } from '../../node/privacy-audit/rehearsal.ts'
import type { EvaluatedFigure } from '../../node/study/count-redraws.ts'
import { type EvaluationFigures, evaluationFigures, figuresOf } from '../../node/study/evaluation-figures.ts'
import { bestBins, unitsFor } from '../../node/study/evaluation-plan.ts'
import { withNoise } from '../../node/study/study-spec.ts'
import { type Backend, loadBackend } from '../../node/training/backend.ts'
import { scores } from '../../node/training/evaluation.ts'
import { evaluationSum, type ScoredUnits } from '../../node/training/evaluation-sum.ts'
import { deployed, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { evaluated } from '../../protocols/model/evaluation-state.ts'
import { noisedUpdate } from '../../protocols/secure-sum/masking.ts'
import { areaOf, binOf, evaluationLayout } from '../../protocols/study/evaluation.ts'
import { FEATURE_NORM } from '../../protocols/study/models/scattering.ts'
import { noiseInSum, noiseOfSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { scheduleOf } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { partition } from '../demo/partition.ts'
import { scatteringRecipe } from '../demo/recipe.ts'
import { documentOf } from './study-run.ts'
import { recordsOf, type UtilityTask } from './utility.ts'

const HOSPITALS = 8
const COLLUDERS = 2
const DELTA = 1e-5
const REPEATS = 100
const SHARE = 0.15
/** Of epsilon for one evaluation where the same unit may pay for training. */
const EPSILON_SHARE = 0.4
/** Values that a score is told apart by where it is to be exact. */
const EXACT_BINS = 1 << 20

const rng = (target: Uint8Array): void => {
  randomFillSync(target)
}

export interface EvaluationRow {
  readonly task: string
  readonly unit: 'record' | 'patient'
  readonly epsilon: number
  /** held back, in all hospitals together */
  readonly units: number
  readonly bins: number
  readonly noiseMultiplier: number
  readonly exact: number
  /** score less exact value, of each repeat; null where the noise hid it */
  readonly deviations: readonly (number | null)[]
  /** repeats whose interval of 95 % holds the exact value */
  readonly covered: number
  /** sensitivity and calibration error of the last class, and Matthews' coefficient */
  readonly others: readonly RepeatedFigure[]
  readonly expected: number
  /** units that are expected to bring the deviation to 0.01 */
  readonly unitsWanted: number | null
}

/** A figure of all repeats beside the exact one. */
export interface RepeatedFigure {
  readonly name: string
  readonly exact: number
  /** figure less exact value, of each repeat; null where the noise hid it */
  readonly deviations: readonly (number | null)[]
  readonly covered: number
}

/** One row for each epsilon of a task. */
export async function benchEvaluation(
  task: UtilityTask,
  { data, done }: { data: string; done: (row: EvaluationRow) => void },
): Promise<void> {
  const backend = await loadBackend({ engine: 'auto' })
  const unit = task.patients === undefined ? 'record' : 'patient'
  const { train, groups, validation } = await recordsOf(task, { data, unit })
  for (const epsilon of [3, 1]) {
    const { normalisation, ...recipe } = scatteringRecipe(epsilon)
    const setting = {
      ...{ name: task.name, classes: task.classes, epsilon, delta: DELTA, colluders: COLLUDERS },
      ...{ featureNorm: FEATURE_NORM, unit: unit as 'record' | 'patient' },
    }
    const dealt = (records: Dataset, of: string[] | undefined) =>
      partition(records.labels, { hospitals: HOSPITALS, seed: 0, groups: of }).map(share => recordsAt(records, share))
    const parts = dealt(train, groups)
    const run = {
      setting,
      recipe: { ...recipe, ...(normalisation && { normalisation }) },
      parts,
      alone: false,
      seed: 0,
    }
    const sides = unit === 'patient' ? parts.map(part => sidesOf(part)) : null
    const trained = sides?.map(side => side.trained) ?? parts
    const heldBack = sides?.map(side => side.heldBack) ?? dealt(validation!, undefined)
    const document = evaluating(documentOf({ ...run, parts: trained }), { heldBack, normalisation, epsilon })
    done(measured(backend, document, { task: task.name, trained, heldBack }))
  }
}

/** What a hospital trains on, and whom it holds back, by the hash that a node goes by. */
function sidesOf(part: Dataset): { trained: Dataset; heldBack: Dataset } {
  const evaluation = { bins: 2, share: SHARE * 2 ** 32, units: 1, noiseMultiplier: 1, margin: 1 }
  const isBack = isHeldBack({ unit: 'patient', evaluation }, part)
  const all = Array.from({ length: part.count }, (_, record) => record)
  const side = (wanted: boolean) => recordsAt(part, Uint32Array.from(all.filter(record => isBack(record) === wanted)))
  return { trained: side(false), heldBack: side(true) }
}

/** The study with one evaluation at its end, whose bins are those that the plan finds. */
function evaluating(
  document: StudyDocument,
  {
    heldBack,
    normalisation,
  }: { heldBack: readonly Dataset[]; normalisation: { share: number } | undefined; epsilon: number },
): StudyDocument {
  const units = heldBack.reduce((sum, part) => sum + unitsOf(document.unit, part).count, 0)
  const rounds = document.schedule.at(-1)!.rounds
  const statistics = document.normalisation !== undefined
  const draft: StudyDocument = {
    ...document,
    evaluation: { bins: 8, share: SHARE * 2 ** 32, units, noiseMultiplier: 1, margin: 0.02 },
    schedule: scheduleOf({ rounds, statistics, every: rounds }),
  }
  const noised = withNoise(draft, { ...normalisation, evaluation: EPSILON_SHARE })
  return { ...noised, evaluation: { ...noised.evaluation!, bins: bestBins(termsOf(noised)).bins } }
}

function termsOf(document: StudyDocument) {
  const sum = planStudy(document).evaluation!
  const noise = noiseInSum(document.privacy, sum, HOSPITALS) / sum.fixedPoint.scale
  return { classes: document.contract.classes.length, units: document.evaluation!.units, noise }
}

function measured(
  backend: Backend,
  document: StudyDocument,
  { task, trained, heldBack }: { task: string; trained: readonly Dataset[]; heldBack: readonly Dataset[] },
): EvaluationRow {
  const { unit, privacy } = document
  const evaluation = document.evaluation!
  const plain: StudyDocument = {
    ...document,
    evaluation: null,
    schedule: document.schedule.filter(({ kind }) => kind !== 'evaluation'),
  }
  const checkpoint = rehearse({ document: plain, parts: trained, backend, rng })
  const scored = heldBack.map(part => scoredUnits(backend, plain, { part, model: deployed(checkpoint) }))
  const sum = planStudy(document).evaluation!
  const shape = { classes: document.contract.classes.length, bins: evaluation.bins }
  const words = scored.map(one => quantise(evaluationSum(one, shape), sum.fixedPoint.scale))
  const exact = exactArea(scored, shape.classes)
  const noising = noiseOfSum(privacy, sum, HOSPITALS)
  const noise = noiseInSum(privacy, sum, HOSPITALS)
  const repeats = Array.from({ length: REPEATS }, () => {
    const opened = new Int32Array(sum.dimension)
    for (const own of words) {
      for (const [at, word] of noisedUpdate(own, noising, rng).entries()) opened[at]! += word
    }
    const terms = { document, round: 1, scale: sum.fixedPoint.scale, noise }
    return evaluationFigures(document, evaluated(initialCheckpoint(document), opened, terms).evaluation!, 'newest')!
  })
  const terms = termsOf(document)
  return {
    ...{ task, unit, epsilon: privacy.epsilon, units: evaluation.units, bins: evaluation.bins, exact },
    noiseMultiplier: evaluation.noiseMultiplier,
    ...compared('AUC', { exact, found: repeats.map(({ auc }) => auc) }),
    others: othersOf(repeats, scored, shape),
    expected: bestBins(terms).total,
    unitsWanted: unitsFor(0.01, terms),
  }
}

function compared(
  name: string,
  { exact, found }: { readonly exact: number; readonly found: readonly (EvaluatedFigure | null)[] },
): RepeatedFigure {
  const deviations = found.map(one => (one === null ? null : one.value - exact))
  const covered = found.filter(one => one !== null && one.low <= exact && exact <= one.high).length
  return { name, exact, deviations, covered }
}

/** Figures beside those of the same units without noise. Of the calibration error the means in the bins are the scores' own. */
function othersOf(
  repeats: readonly EvaluationFigures[],
  parts: readonly ScoredUnits[],
  shape: { readonly classes: number; readonly bins: number },
): RepeatedFigure[] {
  const [layout, last] = [evaluationLayout(shape.classes, shape.bins), shape.classes - 1]
  const counts = new Float32Array(layout.dimension)
  for (const part of parts) {
    for (const [at, count] of evaluationSum(part, shape).entries()) counts[at]! += count
  }
  const names = Array.from({ length: shape.classes }, (_, category) => String(category))
  const exact = figuresOf(counts, { layout, noise: 0, names })
  const found = (figure: (of: EvaluationFigures) => EvaluatedFigure | null) => repeats.map(figure)
  const at = `at ${exact.threshold.toFixed(3)}`
  return [
    compared(`sensitivity ${at}`, {
      exact: exact.classes.at(-1)!.sensitivity!.value,
      found: found(({ classes }) => classes.at(-1)!.sensitivity),
    }),
    compared('MCC', { exact: exact.mcc!.value, found: found(({ mcc }) => mcc) }),
    compared('ECE', {
      exact: exactError(parts, { ...shape, category: last }),
      found: found(({ classes }) => classes.at(-1)!.calibrationError),
    }),
  ]
}

/** The calibration error of a class, with the same bins, and in each the mean of its scores. */
function exactError(
  parts: readonly ScoredUnits[],
  { bins, category }: { readonly bins: number; readonly category: number },
): number {
  const apart = new Float64Array(bins)
  let all = 0
  for (const { units, labelOf, probabilitiesOf } of parts) {
    for (let unit = 0; unit < units.count; unit++) {
      const records = units.recordsOf(unit)
      for (const record of records) {
        const probability = probabilitiesOf(record)[category]!
        apart[binOf(probability, bins)]! += ((labelOf(record) === category ? 1 : 0) - probability) / records.length
      }
    }
    all += units.count
  }
  return apart.reduce((sum, one) => sum + Math.abs(one), 0) / all
}

function scoredUnits(
  backend: Backend,
  document: StudyDocument,
  { part, model }: { part: Dataset; model: ReturnType<typeof deployed> },
) {
  const classes = document.contract.classes.length
  const probabilities = scores({ backend, document, ...model, dataset: part })
  return {
    units: unitsOf(document.unit, part),
    labelOf: (record: number) => part.labels[record]!,
    probabilitiesOf: (record: number) => probabilities.subarray(record * classes, (record + 1) * classes),
  }
}

/** The mean area over the classes of all hospitals' units in one place, each unit's records in equal shares. */
function exactArea(parts: readonly ScoredUnits[], classes: number): number {
  const { scored } = evaluationLayout(classes, 2)
  const areas = scored.map(one => {
    const sides = { positive: new Float64Array(EXACT_BINS), negative: new Float64Array(EXACT_BINS) }
    for (const { units, labelOf, probabilitiesOf } of parts) {
      for (let unit = 0; unit < units.count; unit++) {
        const records = units.recordsOf(unit)
        for (const record of records) {
          const bin = Math.min(EXACT_BINS - 1, Math.floor(probabilitiesOf(record)[one]! * EXACT_BINS))
          sides[labelOf(record) === one ? 'positive' : 'negative'][bin]! += 1 / records.length
        }
      }
    }
    return areaOf(sides, { noise: 0, rest: 1 })!.area
  })
  return areas.reduce((sum, area) => sum + area, 0) / areas.length
}

/** A row for people. */
export function evaluationLine(row: EvaluationRow): string {
  const off = absolute(row.deviations)
  const within = (limit: number) => off.filter(one => one <= limit).length
  const others = row.others.map(({ name, exact, deviations, covered }) => {
    const hidden = deviations.filter(one => one === null).length
    const shown = absolute(deviations.filter(one => one !== null))
    return `\n  ${name}: exact ${exact.toFixed(4)}, deviation ${rootMeanSquare(shown).toFixed(4)} where shown, hidden in ${hidden} of ${off.length}; intervals hold it in ${covered} of ${shown.length}`
  })
  return (
    `${row.task}, epsilon ${row.epsilon}, ${row.units} ${row.unit}s held back, ${row.bins} bins, z ${row.noiseMultiplier.toFixed(3)}: exact ${row.exact.toFixed(4)}, ` +
    `deviation ${rootMeanSquare(off).toFixed(4)} (planned ${row.expected.toFixed(4)}), within 0.025 in ${within(0.025)} of ${off.length}, within 0.01 in ${within(0.01)}; ` +
    `intervals of 95 % hold it in ${row.covered}; 0.01 would need ${row.unitsWanted} ${row.unit}s${others.join('')}`
  )
}

/** Without their signs; what is hidden counts as 1. */
function absolute(deviations: readonly (number | null)[]): number[] {
  return deviations.map(one => (one === null ? 1 : Math.abs(one)))
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, one) => sum + one * one, 0) / values.length)
}
