/** One hospital is killed during a round and restarted. @module */

import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT, OperatorError } from '../../node/errors.ts'
import type { Hospital } from '../processes/node-process.ts'
import { createRandom } from './random.ts'
import type { RoundSummary } from './round-history.ts'

/**
 * Phases between a hospital's training and the end of the round. Killed in the first, the hospital is left out of the
 * round; from the agreement on, the round waits for its key until it is back; in the last, its key is already released.
 */
const MIDDLE = ['opened', 'uploaded', 'voting', 'committed', 'released', 'summed']
/** Rounds to wait for the planned phase, which may last only milliseconds; after them any phase is accepted. */
const PATIENCE_ROUNDS = 2
const AWAY_MS = 9000
const WATCH_MS = 200
const HUNT_MS = 4

/** The planned absence, drawn from the seed. */
export interface AbsencePlan {
  /** index of the hospital */
  readonly victim: number
  /** the first round in which it may be killed */
  readonly fromRound: number
  readonly phase: string
}

/**
 * Plans a kill after a third of the rounds, of any hospital, the others' bootstrap peer included. Consecutive seeds
 * take consecutive phases; seed 1 takes the first.
 */
export function planAbsence({
  hospitals,
  rounds,
  seed,
}: {
  hospitals: number
  rounds: number
  seed: number
}): AbsencePlan {
  const random = createRandom(`absence ${seed}`)
  const phase = MIDDLE[(seed + MIDDLE.length - 1) % MIDDLE.length] as string
  return { victim: random.below(hospitals), fromRound: Math.ceil(rounds / 3), phase }
}

/** The actual absence. */
export interface Absence {
  readonly site: string
  readonly killedInRound: number
  readonly phase: string
  readonly awayMs: number
}

/**
 * Waits for the planned moment, kills the hospital, waits, and restarts it.
 *
 * @param newest the newest round that the others have finished
 * @throws OperatorError `too-late` (exit code 1) when the study ended before the moment
 */
export async function playAbsence(
  { fromRound, phase }: AbsencePlan,
  {
    victim,
    rounds,
    newest,
    note,
    signal,
  }: { victim: Hospital; rounds: number; newest: () => number; note: (text: string) => void; signal: AbortSignal },
): Promise<Absence> {
  const moment = await hunt(victim, { fromRound, phase, signal })
  await victim.kill()
  const killed = performance.now()
  const away = (): number => performance.now() - killed
  note(`${victim.site} was killed (SIGKILL) in round ${moment.round}, phase "${moment.phase}"`)
  // enough rounds must be left to show its return
  const latest = moment.round + (rounds - moment.round) / 2
  while (away() < AWAY_MS && newest() < latest) await sleep(WATCH_MS, undefined, { signal })
  const awayMs = away()
  victim.start()
  note(`${victim.site} was started again after ${(awayMs / 1000).toFixed(1)} s`)
  return { site: victim.site, killedInRound: moment.round, phase: moment.phase, awayMs }
}

async function hunt(
  victim: Hospital,
  { fromRound, phase, signal }: Omit<AbsencePlan, 'victim'> & { signal: AbortSignal },
): Promise<{ round: number; phase: string }> {
  for (;;) {
    const status = await victim.status()
    if (status?.phase === 'finished') {
      throw new OperatorError('too-late', 'The study ended before a hospital could be killed', {
        hint: 'Choose more --rounds.',
        exitCode: EXIT.bug,
      })
    }
    const round = status?.round ?? 0
    const wanted = round < fromRound + PATIENCE_ROUNDS ? [phase] : MIDDLE
    if (status !== undefined && round >= fromRound && wanted.includes(status.phase)) return status
    await sleep(round < fromRound ? WATCH_MS : HUNT_MS, undefined, { signal })
  }
}

/** An absence and its effect on the rounds. */
export interface AbsenceReport extends Absence {
  /** whether the round of the kill includes its update */
  readonly contributedToThatRound: boolean
  /** whether that round lasted until it was back */
  readonly waitedForIt: boolean
  /** certified without its update, from the round of the kill to its return */
  readonly roundsWithout: readonly number[]
  /** the first later round that includes its update */
  readonly contributedAgain: number | null
}

/** Derives an absence's effect from the rounds. */
export function absenceReport(absence: Absence, rounds: readonly RoundSummary[]): AbsenceReport {
  const { site, killedInRound, awayMs } = absence
  const has = ({ contributors }: RoundSummary): boolean => contributors.includes(site)
  const again = rounds.find(summary => summary.round > killedInRound && has(summary))?.round ?? null
  const during = rounds.filter(({ round }) => round >= killedInRound && (again === null || round < again))
  const broken = during.find(({ round }) => round === killedInRound)
  return {
    ...absence,
    contributedToThatRound: broken !== undefined && has(broken),
    waitedForIt: broken !== undefined && broken.durationMs > awayMs,
    roundsWithout: during.filter(summary => !has(summary) && summary.outcome === 'result').map(({ round }) => round),
    contributedAgain: again,
  }
}

/** The report in sentences. */
export function absenceLines(report: AbsenceReport): string[] {
  const { site, killedInRound, phase, awayMs, contributedToThatRound, waitedForIt, roundsWithout, contributedAgain } =
    report
  const count = roundsWithout.length
  const others = count === 0 ? '' : `: ${rangeText(roundsWithout)}`
  return [
    `${site} was killed with SIGKILL in round ${killedInRound}, phase "${phase}", and was away for ${(awayMs / 1000).toFixed(1)} s.`,
    `  Round ${killedInRound} ${waitedForIt ? 'waited for it, and after its restart ' : ''}was certified ${contributedToThatRound ? 'with' : 'without'} its update.`,
    `  ${count === 1 ? '1 round was' : `${count} rounds were`} certified without it${others}.`,
    contributedAgain === null
      ? '  It did not contribute again.'
      : `  It caught up and contributed again in round ${contributedAgain}.`,
  ]
}

function rangeText(rounds: readonly number[]): string {
  const [first, last] = [rounds[0], rounds.at(-1)]
  return first === last ? `${first}` : `${first} to ${last}`
}
