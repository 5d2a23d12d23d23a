/** Runs one scenario, from empty folders to its outcome. @module */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StudyTiming } from '../../protocols/study/types.ts'
import { ChildError, stopAll } from '../processes/child.ts'
import type { Hospital } from '../processes/node-process.ts'
import { type Account, readAccount } from './node-findings.ts'
import { Broken, Observer } from './observer.ts'
import type { Need } from './sandbox.ts'
import { createTestbed, type Environment, type Testbed } from './testbed.ts'
import { type Expectations, findings, hashesEqual, type TrialOutcome, violations, voidsOf } from './verdict.ts'

const START_MS_MAX = 60_000
/** Time beyond the longest round, in which hospitals that were away catch up. */
const FINISH_MS = 60_000

export interface Scenario extends Omit<Expectations, 'rounds'> {
  readonly name: string
  readonly about: string
  readonly hospitals: number
  /** the default */
  readonly rounds: number
  readonly timing: Partial<StudyTiming>
  /** the system feature that it needs */
  readonly needs?: Need
  /** prepares the surroundings; `folder` of the stage exists */
  readonly environment?: (stage: Stage) => Promise<Environment>
  /** Plays the planned faults. @throws Broken when the hospitals do not behave as expected */
  readonly play: (trial: Trial) => Promise<void>
}

export interface Stage {
  readonly folder: string
  readonly rounds: number
  readonly seed: number
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** A running scenario. */
export interface Trial extends Stage {
  readonly hospitals: readonly Hospital[]
  readonly observer: Observer
  /** Starts a hospital again. */
  restart(at: number): void
}

/** The outcome of a scenario. */
export interface Outcome {
  readonly scenario: string
  readonly seed: number
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly rounds: number
  /** rounds certified at all hospitals */
  readonly certified: number
  readonly longestMs: number | null
  /** rounds that ended VOID */
  readonly voids: number
  readonly restarts: number
  readonly hashesEqual: boolean | null
  /** why it failed or was skipped */
  readonly reasons: readonly string[]
  readonly notes: readonly string[]
  readonly seconds: number
}

/** Runs a scenario; only an interruption throws. */
export async function runTrial(scenario: Scenario, stage: Stage): Promise<Outcome> {
  const began = performance.now()
  const notes: string[] = []
  const reasons: string[] = []
  let restarts = 0
  const note = (text: string): void => {
    notes.push(text)
    stage.note(text)
  }
  const attempt = async (part: () => Promise<void>): Promise<void> => {
    try {
      await part()
    } catch (error) {
      stage.signal.throwIfAborted()
      reasons.push(describe(error))
    }
  }
  let environment: Environment = {}
  let outcome: TrialOutcome = { accounts: [], said: [], durations: [] }
  try {
    await mkdir(join(stage.folder, 'environment'))
    await attempt(async () => {
      environment = (await scenario.environment?.({ ...stage, note, folder: join(stage.folder, 'environment') })) ?? {}
      const testbed = await createTestbed({
        ...stage,
        hospitals: scenario.hospitals,
        timing: scenario.timing,
        environment,
      })
      const observer = new Observer(testbed.hospitals, stage.signal)
      const restart = (at: number): void => {
        restarts += 1
        testbed.hospitals[at]?.start()
      }
      await attempt(
        async () => await perform(scenario, { ...stage, note, hospitals: testbed.hospitals, observer, restart }),
      )
      await observer.stop()
      await attempt(async () => await stopOrderly(testbed.hospitals))
      outcome = await collect(testbed, observer, attempt)
    })
    // an aborted trial is not checked for its later rounds
    const whole = reasons.length === 0
    reasons.push(...(whole ? findings(outcome, { ...scenario, rounds: stage.rounds }) : violations(outcome)))
  } finally {
    await stopAll()
    await environment.clear?.()
  }
  const { name, seed } = { ...scenario, ...stage }
  const longest = Math.max(0, ...outcome.durations.map(({ ms }) => ms))
  return {
    scenario: name,
    seed,
    outcome: reasons.length === 0 ? 'passed' : 'failed',
    rounds: stage.rounds,
    certified: Math.min(...outcome.accounts.map(({ links }) => links.length), stage.rounds),
    longestMs: outcome.durations.length === 0 ? null : Math.round(longest),
    voids: voidsOf(outcome).length,
    restarts,
    hashesEqual: outcome.accounts.length === 0 ? null : hashesEqual(outcome),
    reasons,
    notes,
    seconds: (performance.now() - began) / 1000,
  }
}

async function perform(scenario: Scenario, trial: Trial): Promise<void> {
  const { hospitals, observer, rounds } = trial
  for (const hospital of hospitals) hospital.start()
  const answers = (): boolean => hospitals.every((_, at) => observer.status(at) !== undefined)
  observer.start()
  observer.freeze()
  await observer.until(answers, { withinMs: START_MS_MAX, what: 'for all nodes to start' })
  observer.thaw()
  await scenario.play(trial)
  await untilCertified(trial, rounds, scenario.roundMsMax)
  const finished = (): boolean => hospitals.every((_, at) => observer.status(at)?.phase === 'finished')
  await observer.until(finished, { withinMs: FINISH_MS, what: 'for everybody to finish' })
}

/** Waits until any hospital has certified a round; each round on the way may take `roundMsMax`. */
export async function untilCertified({ observer }: Trial, round: number, roundMsMax: number): Promise<void> {
  while (observer.certified() < round) {
    const next = observer.certified() + 1
    // the round's clock started before this wait, so a round that is slow here is slow in the verdict too
    await observer.until(() => observer.certified() >= next, { withinMs: roundMsMax, what: `for round ${next}` })
  }
}

async function stopOrderly(hospitals: readonly Hospital[]): Promise<void> {
  const stopped = await Promise.allSettled(hospitals.map(hospital => hospital.stop()))
  const failed = stopped.find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function collect(
  { hospitals, document }: Testbed,
  observer: Observer,
  attempt: (part: () => Promise<void>) => Promise<void>,
): Promise<TrialOutcome> {
  await stopAll()
  const accounts: Account[] = []
  const said: TrialOutcome['said'][number][] = []
  const peers = hospitals.map(({ peer }) => peer)
  for (const [at, hospital] of hospitals.entries()) {
    await attempt(async () => {
      accounts.push(await readAccount(hospital, { document, peers }))
      said.push([...observer.heard(at).values()])
    })
  }
  return { accounts, said, durations: observer.durations() }
}

function describe(error: unknown): string {
  if (error instanceof Broken || error instanceof ChildError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
