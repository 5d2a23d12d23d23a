/**
 * Holds a hospital's training where its study has gone back to its best model too often: somebody may be lying, and
 * nothing more is spent before the operator has said so. Each hospital's operator decides for that hospital.
 *
 * @module
 */

import type { Logger } from '../log.ts'
import type { EvaluationsSeen } from '../worker/evaluations-seen.ts'

const POLL_MS = 1000

export interface PauseParts {
  readonly evaluations: () => Promise<EvaluationsSeen | null>
  /** returns after which the operator has let the study go on */
  readonly resumedReturns: () => Promise<number>
  readonly log: Pick<Logger, 'warn' | 'info'>
  /** by default a second of the clock */
  readonly pause?: () => Promise<void>
}

export class Pause {
  readonly #parts: PauseParts
  #seen: EvaluationsSeen | null = null
  #waits = false
  #closed = false

  constructor(parts: PauseParts) {
    this.#parts = parts
  }

  /** what the evaluations had shown when it was last asked */
  get seen(): EvaluationsSeen | null {
    return this.#seen
  }

  get waits(): boolean {
    return this.#waits
  }

  /** Resolves when this hospital may train. */
  async passed(): Promise<void> {
    const { log, pause = untilLater } = this.#parts
    await this.look()
    while (!this.#closed && this.#seen?.paused && (await this.#parts.resumedReturns()) < this.#seen.returns) {
      if (!this.#waits)
        log.warn({ returns: this.#seen.returns }, 'the study is paused here: see "confrere study resume"')
      this.#waits = true
      await pause()
    }
    if (this.#waits && !this.#closed) log.info('the operator lets the study go on')
    this.#waits = false
  }

  /** Sees what the evaluations have shown, and tells of a new one. */
  async look(): Promise<void> {
    const seen = await this.#parts.evaluations()
    const before = this.#seen
    this.#seen = seen
    this.#tell(before)
  }

  /** Ends a wait, as the node ends. */
  close(): void {
    this.#closed = true
  }

  #tell(before: EvaluationsSeen | null): void {
    const { points = [], ownDiffers = null, search = null } = this.#seen ?? {}
    const newest = points.at(-1)
    if (newest === undefined || points.length === before?.points.length) return
    const { at, score, deviation, outcome } = newest
    this.#parts.log.info({ round: at, score, deviation, outcome }, `evaluated: ${outcome}`)
    if (search?.chosen != null && before?.search?.chosen == null) {
      this.#parts.log.info({ candidate: search.chosen + 1 }, 'the search is over: its best candidate goes on')
    }
    if (ownDiffers === true) {
      this.#parts.log.warn(
        { round: at },
        'the certified evaluation differs from what our own records say by more than chance',
      )
    }
  }
}

function untilLater(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, POLL_MS).unref())
}
