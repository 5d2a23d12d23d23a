/** `confrere study plan`: noise and epsilons over rounds and sample rates, before anything is spent. @module */

import type { Command } from 'commander'
import { CryptoError } from '../../crypto/errors.ts'
import { isDeltaLarge } from '../../protocols/study/delta.ts'
import * as limit from '../../protocols/study/limits.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import { dimensionOf, parameterSpecs } from '../../protocols/study/parameters.ts'
import { EXIT, OperatorError } from '../errors.ts'
import {
  epsilonText,
  OBSERVERS,
  observerWords,
  promisedText,
  severalHospitalsLine,
  UNIT_NOTE,
} from '../privacy/epsilon-text.ts'
import { type PlanningInput, type PlanRow, planAhead, quorumAhead, type StudyPlanning } from '../study/study-planner.ts'
import { readStudySpec, type StudySpec } from '../study/study-spec.ts'
import { plannedHospitals, readTemplate, TEMPLATE_NAMES } from '../study/templates.ts'
import { addSourceOptions } from './data/source-options.ts'
import { addJsonOption, boundedNumber, listOf, wholeNumber } from './options.ts'
import { printJson, printLines } from './output.ts'
import type { RehearseOptions } from './study-rehearse.ts'

const ROUNDS_DEFAULT = [50, 100, 200, 400]
const SAMPLE_RATES_DEFAULT = [0.05, 0.1, 0.2, 0.4]
/** Combinations of rounds and sample rates; each takes about a second. */
const CELLS_MAX = 64
const PARAMETERS_DEFAULT = 10_000
const PARAMETERS_MAX = 100_000_000
const FOLDS_DEFAULT = 3
const FOLDS_MAX = 20
/** Hospitals of a template unless told otherwise. */
const HOSPITALS_DEFAULT = 4

/** What a study says, or an option instead of it. */
interface PlanOptions extends Partial<PlanningInput>, Omit<RehearseOptions, 'rehearse'> {
  spec?: string
  template?: string
  sampleRates?: number[]
  rehearse?: string
}

export function addStudyPlan(command: Command): void {
  addSourceOptions(addJsonOption(command))
    .option('--spec <file>', 'plan the study of a spec, TOML')
    .option('--template <name>', `plan the study of a template: ${TEMPLATE_NAMES.join(', ')}`)
    .option('--records <n>', 'records of all hospitals together, a public number', wholeNumber(1, limit.UNITS_MAX))
    .option('--hospitals <n>', 'hospitals', wholeNumber(limit.HOSPITALS_MIN, limit.HOSPITALS_MAX))
    .option('--epsilon <epsilon>', 'the target', boundedNumber(limit.EPSILON_MIN, limit.EPSILON_MAX))
    .option('--delta <delta>', 'of the promise', boundedNumber(limit.DELTA_MIN, limit.DELTA_MAX))
    .option('--colluders <t>', 'hospitals that may pool what they know', wholeNumber(1, limit.HOSPITALS_MAX - 2))
    .option(
      '--local-steps <k>',
      "noise of every hospital's own, and so many steps of its own in a round, each of them charged",
      wholeNumber(1, limit.LOCAL_STEPS_MAX),
    )
    .option(
      '--copies <k>',
      'hospitals that may know the same patient, at the target',
      wholeNumber(1, limit.STUDY_COPIES_MAX),
    )
    .option(
      '--parameters <d>',
      `numbers of the model (${PARAMETERS_DEFAULT} without a study)`,
      wholeNumber(1, PARAMETERS_MAX),
    )
    .option('--rounds <list>', 'such as 50,100,200', listOf(wholeNumber(1, limit.ROUNDS_MAX)))
    .option('--sample-rates <list>', 'such as 0.05,0.1', listOf(boundedNumber(1e-9, 1)))
    .option('--rehearse <path>', 'try settings of the spec or template on these PUBLIC records; costs no privacy')
    .option('--split <name>', 'with --rehearse: records of this split', 'train')
    .option('--folds <k>', 'with --rehearse: parts, each held out once', wholeNumber(2, FOLDS_MAX), FOLDS_DEFAULT)
    .option('--learning-rates <list>', 'with --rehearse', listOf(boundedNumber(0, limit.LEARNING_RATE_MAX)))
    .option(
      '--clipping-norms <list>',
      'with --rehearse',
      listOf(boundedNumber(limit.CLIPPING_NORM_MIN, limit.CLIPPING_NORM_MAX)),
    )
    .action(plan)
}

async function plan(options: PlanOptions): Promise<void> {
  const { rehearse, json } = options
  const spec = await specOf(options)
  if (rehearse !== undefined) {
    if (spec === null) throw refused('settings are tried of a spec or a template: name one')
    const { rehearseSettings } = await import('./study-rehearse.ts')
    return rehearseSettings(spec, { ...options, rehearse })
  }
  const { input, axes } = spec === null ? sizeOf(options) : sizeOfSpec(spec, options)
  if (input.colluders !== undefined && input.colluders > input.hospitals - 2) {
    throw refused(`of ${input.hospitals} hospitals at most ${input.hospitals - 2} may collude`)
  }
  if (axes.rounds.length * axes.sampleRates.length > CELLS_MAX) throw refused(`a table has at most ${CELLS_MAX} rows`)
  const planning = planned(input, axes)
  if (json) return printJson(planning)
  printLines(...planLines(planning))
}

/** The spec, with what options say instead of it; null: there is none. */
async function specOf(options: PlanOptions): Promise<StudySpec | null> {
  const { spec: file, template } = options
  if (file !== undefined && template !== undefined) throw refused('it has a spec or a template, not both')
  if (file === undefined && template === undefined) return null
  const hospitals = plannedHospitals(options.hospitals ?? HOSPITALS_DEFAULT)
  const spec = file === undefined ? await readTemplate(template!, { hospitals }) : await readStudySpec(file)
  const { records, epsilon, delta, colluders, copies, localSteps } = options
  const changed = { epsilon: epsilon ?? spec.privacy.epsilon, delta: delta ?? spec.privacy.delta }
  return {
    ...spec,
    units: records ?? spec.units,
    copies: copies ?? spec.copies,
    ...(colluders !== undefined && { colluders }),
    privacy: { ...spec.privacy, ...changed, ...(localSteps !== undefined && { noise: 'local' as const, localSteps }) },
    hospital: options.hospitals === undefined ? spec.hospital : hospitals,
  }
}

interface PlanSize {
  readonly input: PlanningInput
  readonly axes: { readonly rounds: number[]; readonly sampleRates: number[] }
}

function sizeOf(options: PlanOptions): PlanSize {
  const { records, hospitals, epsilon, delta, colluders, localSteps } = options
  if (records === undefined || hospitals === undefined || epsilon === undefined || delta === undefined) {
    throw refused('its size is given by --records, --hospitals, --epsilon and --delta, or by --spec or --template')
  }
  const { copies = 1, parameters = PARAMETERS_DEFAULT } = options
  const { rounds = ROUNDS_DEFAULT, sampleRates = SAMPLE_RATES_DEFAULT } = options
  const few = { ...(colluders !== undefined && { colluders }), ...(localSteps !== undefined && { localSteps }) }
  return { input: { records, hospitals, epsilon, delta, copies, parameters, ...few }, axes: { rounds, sampleRates } }
}

function sizeOfSpec(spec: StudySpec, { parameters, rounds, sampleRates }: PlanOptions): PlanSize {
  const { units, copies, colluders, contract, model, privacy, hospital } = spec
  const { epsilon, delta, localSteps, noise } = privacy
  const dimension = parameters ?? dimensionOf(parameterSpecs(model, contract))
  const input = {
    ...{ records: units, hospitals: hospital.length, epsilon, delta, copies, parameters: dimension },
    ...(colluders !== undefined && { colluders }),
    // noise that no sum is given is each hospital's own, step by step
    ...(!noiseModeOf({ noise }).noisesSums && { localSteps: localSteps ?? 1 }),
  }
  return { input, axes: { rounds: rounds ?? [spec.rounds], sampleRates: sampleRates ?? [privacy.sampleRate] } }
}

function planned(input: PlanningInput, axes: PlanSize['axes']): StudyPlanning {
  try {
    return planAhead(input, axes)
  } catch (cause) {
    if (cause instanceof CryptoError) throw refused(cause.message, cause)
    throw cause
  }
}

function planLines(planning: StudyPlanning): string[] {
  const { hospitals, records, copies, colluders, contributorsMin, epsilon, delta, parameters } = planning
  const { localSteps, rows, epsilonsOfPatient } = planning
  const against = observerWords(colluders)
  const header = ['rounds', 'rate', 'batch', 'z', 'noise', 'epsilon', 'of the model', 'alone']
  const cells = [header, ...rows.map(cellsOf)]
  const widths = header.map((_, at) => Math.max(...cells.map(row => row[at]!.length)))
  return [
    `${hospitals} hospitals, ${records} records, ${parameters} parameters; target epsilon ${epsilon} at delta ${delta.toExponential()}`,
    localSteps === undefined
      ? 'The noise is shared out: the sum of a round is private.'
      : `Every hospital's own update is private by itself: ${localSteps} local steps a round, each with the whole noise.`,
    `A round needs ${contributorsMin} contributors and the votes of ${quorumAhead(hospitals)}.`,
    '',
    ...cells.map(row => row.map((cell, at) => cell.padStart(widths[at]!)).join('  ')),
    '',
    'z             noise over sensitivity: goes into the study',
    'noise         of one number of the averaged update, in clipping norms: less is better, more rounds at the same noise are, too',
    `epsilon       of ${promisedText({ unit: 'record', copies })} against ${against.colluding}: the target, and what is charged`,
    `of the model  against ${against.model}`,
    `alone         against ${against.alone}`,
    UNIT_NOTE,
    ...(epsilonsOfPatient === null
      ? []
      : [`In the first row, ${severalHospitalsLine(epsilonsOfPatient, against)}. For another row, name it alone.`]),
    ...(isDeltaLarge({ privacy: { delta }, units: records })
      ? [`Warning: delta is above 1/(2 × ${records}): "study new" refuses it without --force. Choose a smaller one.`]
      : []),
    ...(epsilon > limit.EPSILON_WEAK ? [`Warning: epsilon is above ${limit.EPSILON_WEAK}: a weak promise.`] : []),
  ]
}

function cellsOf({ rounds, sampleRate, batch, noiseMultiplier, noise, epsilons }: PlanRow): string[] {
  const size = [String(rounds), String(sampleRate), batch.toFixed(batch < 10 ? 1 : 0)]
  if (noiseMultiplier === null || noise === null || epsilons === null)
    return [...size, 'does not fit', '-', '-', '-', '-']
  const promised = OBSERVERS.map(observer => epsilonText(epsilons[observer]))
  return [...size, noiseMultiplier.toFixed(4), noise.toPrecision(3), ...promised]
}

function refused(reason: string, cause?: unknown): OperatorError {
  return new OperatorError('plan-refused', `There is no such study: ${reason}`, {
    hint: 'See "confrere help study plan".',
    exitCode: EXIT.usage,
    cause,
  })
}
