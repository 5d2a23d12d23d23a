/** `confrere study plan`: noise and epsilons over rounds and sample rates, before anything is spent. @module */

import { type Command, InvalidArgumentError } from 'commander'
import { CryptoError } from '../../crypto/errors.ts'
import { isDeltaLarge } from '../../protocols/study/delta.ts'
import * as limit from '../../protocols/study/limits.ts'
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
import { addJsonOption, parseNumber } from './options.ts'
import { printJson, printLines } from './output.ts'

const ROUNDS_DEFAULT = [50, 100, 200, 400]
const SAMPLE_RATES_DEFAULT = [0.05, 0.1, 0.2, 0.4]
/** Combinations of rounds and sample rates; each takes about a second. */
const CELLS_MAX = 64
const PARAMETERS_DEFAULT = 10_000
const PARAMETERS_MAX = 100_000_000

interface PlanOptions extends PlanningInput {
  rounds: number[]
  sampleRates: number[]
  json?: true
}

export function addStudyPlan(command: Command): void {
  addJsonOption(command)
    .requiredOption('--records <n>', 'records of all hospitals together, a public number', whole(1, limit.UNITS_MAX))
    .requiredOption('--hospitals <n>', 'hospitals', whole(limit.HOSPITALS_MIN, limit.HOSPITALS_MAX))
    .requiredOption('--epsilon <epsilon>', 'the target', between(limit.EPSILON_MIN, limit.EPSILON_MAX))
    .requiredOption('--delta <delta>', 'of the promise', between(limit.DELTA_MIN, limit.DELTA_MAX))
    .option('--colluders <t>', 'hospitals that may pool what they know', whole(1, limit.HOSPITALS_MAX - 2))
    .option(
      '--local-steps <k>',
      "noise of every hospital's own, and so many steps of its own in a round, each of them charged",
      whole(1, limit.LOCAL_STEPS_MAX),
    )
    .option(
      '--copies <k>',
      'hospitals that may know the same patient, at the target',
      whole(1, limit.STUDY_COPIES_MAX),
      1,
    )
    .option('--parameters <d>', 'numbers of the model', whole(1, PARAMETERS_MAX), PARAMETERS_DEFAULT)
    .option('--rounds <list>', 'such as 50,100,200', listOf(whole(1, limit.ROUNDS_MAX)), ROUNDS_DEFAULT)
    .option('--sample-rates <list>', 'such as 0.05,0.1', listOf(between(1e-9, 1)), SAMPLE_RATES_DEFAULT)
    .action(plan)
}

function between(min: number, max: number): (text: string) => number {
  return text => {
    const value = parseNumber(text)
    if (value < min || value > max) throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`)
    return value
  }
}

function whole(min: number, max: number): (text: string) => number {
  const bounded = between(min, max)
  return text => {
    const value = bounded(text)
    if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
    return value
  }
}

function listOf(parse: (text: string) => number): (text: string) => number[] {
  return text => text.split(',').map(part => parse(part.trim()))
}

function plan({ rounds, sampleRates, json, ...input }: PlanOptions): void {
  if (input.colluders !== undefined && input.colluders > input.hospitals - 2) {
    throw refused(`of ${input.hospitals} hospitals at most ${input.hospitals - 2} may collude`)
  }
  if (rounds.length * sampleRates.length > CELLS_MAX) throw refused(`a table has at most ${CELLS_MAX} rows`)
  const planning = planned(input, { rounds, sampleRates })
  if (json) return printJson(planning)
  printLines(...planLines(planning))
}

function planned(input: PlanningInput, axes: { rounds: number[]; sampleRates: number[] }): StudyPlanning {
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
