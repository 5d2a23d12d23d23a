/** Polls hospitals independently of each other, since any of them may be dead, stopped or cut off. @module */

import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeStatus } from '../../node/http/status.ts'
import type { RoundRecord } from '../../node/storage/round-record.ts'
import type { Hospital } from '../processes/node-process.ts'

const POLL_MS = 100
const LOOK_MS = 20

/** A claim of the scenario does not hold. */
export class Broken extends Error {
  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }
}

/** The reports of all hospitals so far. */
export class Observer {
  readonly #hospitals: readonly Hospital[]
  readonly #signal: AbortSignal
  readonly #stopped = new AbortController()
  readonly #statuses: (NodeStatus | undefined)[]
  readonly #heard: Map<number, RoundRecord>[]
  readonly #certifiedAt = new Map<number, number>()
  readonly #loops: Promise<void>[] = []
  #frozenAt: number | undefined
  #frozenMs = 0

  constructor(hospitals: readonly Hospital[], signal: AbortSignal) {
    this.#hospitals = hospitals
    this.#signal = signal
    this.#statuses = hospitals.map(() => undefined)
    this.#heard = hospitals.map(() => new Map())
  }

  /** Starts polling and the clock of the first round. */
  start(): void {
    this.#certifiedAt.set(0, this.#now())
    this.#hospitals.forEach((_, at) => void this.#loops.push(this.#follow(at)))
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#loops)
  }

  /** Stops the clock of the rounds while nothing can be certified. */
  freeze(): void {
    this.#frozenAt ??= performance.now()
  }

  thaw(): void {
    if (this.#frozenAt === undefined) return
    this.#frozenMs += performance.now() - this.#frozenAt
    this.#frozenAt = undefined
  }

  #now(): number {
    return (this.#frozenAt ?? performance.now()) - this.#frozenMs
  }

  async #follow(at: number): Promise<void> {
    const hospital = this.#hospitals[at] as Hospital
    while (!this.#stopped.signal.aborted) {
      await this.#ask(hospital, at)
      await sleep(POLL_MS, undefined, { signal: this.#stopped.signal }).catch(() => {})
    }
  }

  async #ask(hospital: Hospital, at: number): Promise<void> {
    try {
      const status = await hospital.status()
      this.#statuses[at] = status
      const known = this.newest(at)
      if (status === undefined || (status.round - 1 <= known && status.phase !== 'finished')) return
      for (const record of await hospital.roundsAfter(known)) {
        this.#heard[at]?.set(record.round, record)
        if (!this.#certifiedAt.has(record.round)) this.#certifiedAt.set(record.round, this.#now())
      }
    } catch {
      // the scenario itself checks for nodes that ended
      this.#statuses[at] = undefined
    }
  }

  /** A hospital's last status; undefined while it does not answer. */
  status(at: number): NodeStatus | undefined {
    return this.#statuses[at]
  }

  /** A hospital's round records, by round. */
  heard(at: number): ReadonlyMap<number, RoundRecord> {
    return this.#heard[at] ?? new Map()
  }

  /** The newest round that a hospital has reported, 0 before the first. */
  newest(at: number): number {
    return Math.max(0, ...this.heard(at).keys())
  }

  /** The newest round that any of these hospitals, by default of all, has reported. */
  certified(among: readonly number[] = this.#hospitals.map((_, at) => at)): number {
    return Math.max(0, ...among.map(at => this.newest(at)))
  }

  /** The newest round that all of these have reported. */
  shared(among: readonly number[]): number {
    return Math.min(...among.map(at => this.newest(at)))
  }

  /** Milliseconds between the first certificates of consecutive rounds. An unreported round counts towards the next. */
  durations(): { round: number; ms: number }[] {
    const rounds = [...this.#certifiedAt].sort(([a], [b]) => a - b)
    return rounds.slice(1).map(([round, end], at) => ({ round, ms: end - (rounds[at] as [number, number])[1] }))
  }

  /** Milliseconds since the running round began. */
  waiting(): number {
    return this.#now() - Math.max(...this.#certifiedAt.values())
  }

  /** Waits until a condition holds. @throws Broken when it does not hold in time */
  async until(holds: () => boolean, { withinMs, what }: { withinMs: number; what: string }): Promise<void> {
    const end = performance.now() + withinMs
    while (!holds()) {
      this.#signal.throwIfAborted()
      for (const hospital of this.#hospitals) await hospital.requireRunning()
      if (performance.now() > end)
        throw new Broken(`Waited ${Math.round(withinMs / 1000)} s in vain: ${what}. ${this.#tell()}`)
      await sleep(LOOK_MS, undefined, { signal: this.#signal })
    }
  }

  /** Waits. */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal })
  }

  /** The state of all hospitals, in one line. */
  #tell(): string {
    const tell = ({ site }: Hospital, at: number): string => {
      const status = this.#statuses[at]
      return `${site}: ${status === undefined ? 'silent' : `round ${status.round}, ${status.phase}, view ${status.view}`}`
    }
    return this.#hospitals.map(tell).join('; ')
  }
}
