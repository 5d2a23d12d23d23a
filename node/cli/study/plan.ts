/** `confrere study plan`: noise and epsilons over rounds and sample rates, before anything is spent. @module */

import type { Command } from 'commander'
import { CryptoError } from '../../../crypto/errors.ts'
import { isDeltaLarge } from '../../../protocols/study/delta.ts'
import { keepsSidesApart } from '../../../protocols/study/epsilons.ts'
import * as limit from '../../../protocols/study/limits.ts'
import { noiseModeOf } from '../../../protocols/study/noise/list.ts'
import { statisticsShape } from '../../../protocols/study/normalisation-kinds.ts'
import { dimensionOf, parameterSpecs } from '../../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import {
  epsilonText,
  OBSERVERS,
  observerWords,
  promisedText,
  severalHospitalsLine,
  UNIT_NOTE,
} from '../../privacy/epsilon-text.ts'
import { evaluationSentences } from '../../study/evaluation-text.ts'
import { hoursOf, RULE_TEXT, recommendedRow } from '../../study/recommended-row.ts'
import { roundsInVain } from '../../study/search-spec.ts'
import { searchSentences } from '../../study/search-text.ts'
import {
  type PlanningInput,
  type PlanRow,
  planAhead,
  quorumAhead,
  type StudyPlanning,
} from '../../study/study-planner.ts'
import { documentOfSpec, draftNormalisation, readStudySpec, type StudySpec, shareOf } from '../../study/study-spec.ts'
import { expectedTable } from '../../study/table-plan.ts'
import { tableSentences } from '../../study/table-text.ts'
import { plannedHospitals, readTemplate, TEMPLATE_NAMES } from '../../study/templates.ts'
import { addSourceOptions } from '../data/source-options.ts'
import { addJsonOption, boundedNumber, listOf, wholeNumber } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { writePlannedSpec } from './planned-spec.ts'
import type { RehearseOptions } from './rehearse.ts'

const ROUNDS_DEFAULT = [20, 40, 80, 160, 320]
const SAMPLE_RATES_DEFAULT = [0.1, 0.2, 0.5, 1]
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
  solve?: true
  roundsMax?: number
  hours?: number
  out?: string
}

export function addStudyPlan(command: Command): void {
  addSourceOptions(addJsonOption(command))
    .option('--spec <file>', 'plan the study of a spec, TOML')
    .option('--template <name>', `plan the study of a template: ${TEMPLATE_NAMES.join(', ')}`)
    .option(
      '--units, --records <n>',
      'units (records, patients) of all hospitals together, a public number',
      wholeNumber(1, limit.UNITS_MAX),
    )
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
    .option('--solve', 'of a spec or template: find rounds and sample rate, too, instead of taking its own')
    .option('--rounds-max <n>', 'find no more rounds than these', wholeNumber(1, limit.ROUNDS_MAX))
    .option('--hours <h>', 'of a spec or template: find no study that takes longer', boundedNumber(1e-3, 1e6))
    .option('--out <file>', 'write the spec or template with the recommended row, or the best setting that was tried')
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
  const { rehearse, json, out } = options
  const spec = await specOf(options)
  if (rehearse !== undefined) {
    if (spec?.table !== undefined) throw refused('a table has no settings to try: --rehearse is for studies that train')
    if (spec === null) throw refused('settings are tried of a spec or a template: name one')
    const { rehearseSettings } = await import('./rehearse.ts')
    return rehearseSettings(spec, { ...options, rehearse })
  }
  if (spec?.table !== undefined) return planTable(spec, options)
  if (spec === null && (options.hours ?? options.out) !== undefined) {
    throw refused('--hours and --out are for a spec or a template: name one')
  }
  const inVain = spec === null ? 0 : roundsInVain(spec)
  const { input, axes } = spec === null ? sizeOf(options) : sizeOfSpec(spec, options)
  if (input.colluders !== undefined && input.colluders > input.hospitals - 2) {
    throw refused(`of ${input.hospitals} hospitals at most ${input.hospitals - 2} may collude`)
  }
  if (axes.rounds.length * axes.sampleRates.length > CELLS_MAX) throw refused(`a table has at most ${CELLS_MAX} rows`)
  const planning = planned(input, axes)
  const recommended = recommendedOf(planning, spec, options)
  if (out !== undefined) {
    if (recommended === null) throw refused('no row fits and keeps to --rounds-max and --hours')
    const { rounds, sampleRate } = recommended
    // a row is of all rounds, a spec of those of the model that comes out
    await writePlannedSpec({ ...options, out }, { rounds: rounds - inVain, privacy: { sampleRate } })
  }
  if (json) return printJson({ ...planning, recommended })
  printLines(
    ...planLines(planning, recommended),
    ...evaluationLines(spec),
    ...(out === undefined ? [] : [`Wrote ${out}.`]),
  )
}

/** What to expect of a table: it has one sample rate and few rounds, so there are no rows to choose from. */
function planTable(spec: StudySpec, options: PlanOptions): void {
  const { out, solve, roundsMax, hours, sampleRates, rounds, parameters, json } = options
  const rows = { out, solve, 'rounds-max': roundsMax, hours, 'sample-rates': sampleRates, rounds, parameters }
  const [option] = Object.entries(rows).find(([, value]) => value !== undefined) ?? []
  if (option !== undefined) throw refused(`--${option} is for studies that train, and the spec counts a table`)
  const { document } = documentOfSpec(spec, { created: '2026-01-01T00:00:00Z', file: 'the spec' })
  if (json) return printJson({ expected: expectedTable(document), noiseMultiplier: document.privacy.noiseMultiplier })
  printLines(...tableSentences(document))
}

/** The row to take, within the limits that options set. */
function recommendedOf(
  planning: StudyPlanning,
  spec: StudySpec | null,
  { roundsMax = limit.ROUNDS_MAX, hours }: PlanOptions,
): PlanRow | null {
  // a search needs its own rounds, and some after it
  const searched = spec?.search === undefined ? 0 : roundsInVain(spec) + spec.search.rounds
  const fewRounds = ({ rounds }: PlanRow): boolean => rounds <= roundsMax && rounds > searched
  if (spec === null || hours === undefined) return recommendedRow(planning, fewRounds)
  // one round: what is needed in a round does not depend on how many there are, and its noise always fits
  const { document } = documentOfSpec(
    { ...spec, search: undefined, rounds: 1 },
    { created: '2026-01-01T00:00:00Z', file: 'the spec' },
  )
  return recommendedRow(planning, row => fewRounds(row) && hoursOf(document, row) <= hours)
}

/** Doublings of ten up to the most rounds that may be, and these. */
function roundsUpTo(most: number | undefined): number[] {
  if (most === undefined) return ROUNDS_DEFAULT
  const doublings = Array.from({ length: 14 }, (_, at) => 10 * 2 ** at).filter(rounds => rounds < most)
  return [...doublings, most]
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
  const { rounds = roundsUpTo(options.roundsMax), sampleRates = SAMPLE_RATES_DEFAULT } = options
  const few = { ...(colluders !== undefined && { colluders }), ...(localSteps !== undefined && { localSteps }) }
  return { input: { records, hospitals, epsilon, delta, copies, parameters, ...few }, axes: { rounds, sampleRates } }
}

function sizeOfSpec(spec: StudySpec, options: PlanOptions): PlanSize {
  const { parameters, rounds, sampleRates, solve, roundsMax, hours } = options
  const { units, copies, colluders, contract, model, privacy, hospital } = spec
  const { epsilon, delta, localSteps, noise } = privacy
  const dimension = parameters ?? dimensionOf(parameterSpecs(model, contract))
  const input = {
    ...{ records: units, hospitals: hospital.length, epsilon, delta, copies, parameters: dimension },
    ...(colluders !== undefined && { colluders }),
    // noise that no sum is given is each hospital's own, step by step
    ...(!noiseModeOf({ noise }).noisesSums && { localSteps: localSteps ?? 1 }),
    ...statisticsOf(spec),
  }
  const isSolved = solve === true || roundsMax !== undefined || hours !== undefined
  const own = { rounds: [spec.rounds + roundsInVain(spec)], sampleRates: [privacy.sampleRate] }
  const { rounds: many, sampleRates: rates } = isSolved
    ? { rounds: roundsUpTo(roundsMax), sampleRates: SAMPLE_RATES_DEFAULT }
    : own
  return { input, axes: { rounds: rounds ?? many, sampleRates: sampleRates ?? rates } }
}

/** The round of statistics of a spec with a normalisation. */
function statisticsOf(spec: StudySpec): Pick<PlanningInput, 'statistics'> {
  const share = shareOf(spec)?.share
  const { contract, model, units } = spec
  if (share === undefined) return {}
  const shape = statisticsShape({ contract, model, units, normalisation: draftNormalisation(model) })
  return shape === null ? {} : { statistics: { ...shape, share } }
}

/** What to expect of a spec's evaluations. */
function evaluationLines(spec: StudySpec | null): string[] {
  if (spec?.evaluation === undefined) return []
  const { document } = documentOfSpec(spec, { created: '2026-01-01T00:00:00Z', file: 'the spec' })
  const rounds = spec.rounds + roundsInVain(spec)
  const { sampleRate } = spec.privacy
  // the rows are of training and statistics alone
  const whole = keepsSidesApart(document, document.copies)
    ? []
    : [
        `The rows leave the evaluations out, for which the same unit pays here: with them ${rounds} rounds at rate ${sampleRate} need z ${document.privacy.noiseMultiplier.toFixed(4)}.`,
      ]
  return [
    '',
    ...evaluationSentences(document),
    ...searchSentences(document),
    ...whole,
    ...withoutSearchLines(spec, document),
  ]
}

/** What the search costs in noise; none in studies without. */
function withoutSearchLines(spec: StudySpec, { privacy, evaluation }: StudyDocument): string[] {
  if (spec.search === undefined) return []
  const { document } = documentOfSpec(
    { ...spec, search: undefined },
    { created: '2026-01-01T00:00:00Z', file: 'the spec' },
  )
  const [z, evaluated] = [document.privacy.noiseMultiplier, document.evaluation!.noiseMultiplier]
  return [
    `Without the search, z would be ${z.toFixed(4)} instead of ${privacy.noiseMultiplier.toFixed(4)}, and that of an evaluation ${evaluated.toFixed(4)} instead of ${evaluation!.noiseMultiplier.toFixed(4)}: try settings with --rehearse on public records first, which costs nothing.`,
  ]
}

function planned(input: PlanningInput, axes: PlanSize['axes']): StudyPlanning {
  try {
    return planAhead(input, axes)
  } catch (cause) {
    if (cause instanceof CryptoError) throw refused(cause.message, cause)
    throw cause
  }
}

function planLines(planning: StudyPlanning, recommended: PlanRow | null): string[] {
  const { hospitals, records, copies, colluders, contributorsMin, epsilon, delta, parameters } = planning
  const { localSteps, rows, epsilonsOfPatient } = planning
  const against = observerWords(colluders)
  const header = ['rounds', 'rate', 'batch', 'z', 'noise', 'epsilon', 'of the model', 'alone', '']
  const mark = (row: PlanRow): string => (row === recommended && rows.length > 1 ? '*' : '')
  const cells = [header, ...rows.map(row => [...cellsOf(row), mark(row)])]
  const widths = header.map((_, at) => Math.max(...cells.map(row => row[at]!.length)))
  return [
    `${hospitals} hospitals, ${records} records, ${parameters} parameters; target epsilon ${epsilon} at delta ${delta.toExponential()}`,
    localSteps === undefined
      ? 'The noise is shared out: the sum of a round is private.'
      : `Every hospital's own update is private by itself: ${localSteps} local steps a round, each with the whole noise.`,
    `A round needs ${contributorsMin} contributors and the votes of ${quorumAhead(hospitals)}.`,
    '',
    ...cells.map(row =>
      row
        .map((cell, at) => cell.padStart(widths[at]!))
        .join('  ')
        .trimEnd(),
    ),
    '',
    'z             noise over sensitivity: goes into the study',
    'noise         of one number of the averaged update, in clipping norms: less is better, more rounds at the same noise are, too',
    `epsilon       of ${promisedText({ unit: 'record', copies })} against ${against.colluding}: the target, and what is charged`,
    `of the model  against ${against.model}`,
    `alone         against ${against.alone}`,
    ...(rows.length > 1 ? [`*             recommended: ${RULE_TEXT}`] : []),
    ...(recommended === null ? ['No row fits and keeps to the limits.'] : []),
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
