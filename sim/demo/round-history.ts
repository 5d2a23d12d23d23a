/**
 * The history of rounds, from every hospital's round records. The hospitals must agree: the demonstration fails at the
 * first differing model hash.
 *
 * @module
 */

import { EXIT, OperatorError } from '../../node/errors.ts'
import type { RoundRecord } from '../../node/storage/round-record.ts'

/** One round as all hospitals saw it. */
export interface RoundSummary {
  readonly round: number
  readonly outcome: RoundRecord['outcome']
  readonly views: number
  /** sites, in their order */
  readonly contributors: readonly string[]
  /** of the slowest contributor */
  readonly durationMs: number
  /** of the contributor that trained longest */
  readonly trainMs: number
  /**
   * From the last `trained` to the last checkpoint, up to the small differences between checkpoints: the contributor
   * that trained last waited least from its own `trained` to its own checkpoint.
   */
  readonly beyondMs: number | null
  /** per hospital; null where it has no record of the round */
  readonly bytesSent: readonly (number | null)[]
  /** hex, the same at all hospitals; empty for a VOID round */
  readonly checkpoint: string
  /** number of hospitals that reported it */
  readonly agreed: number
}

export class RoundHistory {
  readonly #sites: readonly { site: string; peer: string }[]
  readonly #rounds = new Map<number, Map<number, RoundRecord>>()

  /** @param sites the hospitals; `hospital` below is an index into them */
  constructor(sites: readonly { site: string; peer: string }[]) {
    this.#sites = sites
  }

  /** The newest round that a hospital has reported, 0 before the first. */
  newest(hospital: number): number {
    let newest = 0
    for (const [round, records] of this.#rounds) if (records.has(hospital)) newest = Math.max(newest, round)
    return newest
  }

  /**
   * Adds a hospital's record of a round.
   *
   * @throws OperatorError `models-differ`, exit code 8, when it contradicts another hospital
   */
  add(hospital: number, record: RoundRecord): void {
    const records = this.#rounds.get(record.round) ?? new Map<number, RoundRecord>()
    this.#rounds.set(record.round, records)
    for (const [other, said] of records) {
      if (said.checkpoint === record.checkpoint && said.outcome === record.outcome) continue
      const name = (at: number, { outcome, checkpoint }: RoundRecord): string =>
        `${this.#sites[at]?.site} ${outcome} ${checkpoint.slice(0, 12)}`
      throw new OperatorError(
        'models-differ',
        `The hospitals disagree about round ${record.round}: ${name(other, said)}, ${name(hospital, record)}`,
        {
          hint: 'This must never happen: please report it, with the folders (--keep FOLDER).',
          exitCode: EXIT.verificationFailed,
        },
      )
    }
    records.set(hospital, record)
  }

  /** Number of hospitals that have reported a round. */
  agreed(round: number): number {
    return this.#rounds.get(round)?.size ?? 0
  }

  /** The summary of a round; undefined before the first report. */
  summary(round: number): RoundSummary | undefined {
    const records = this.#rounds.get(round)
    const first = records?.values().next().value
    if (records === undefined || first === undefined) return undefined
    const { outcome, checkpoint } = first
    const contributing = this.#sites.map(({ peer }) => first.contributors.includes(peer))
    const own = [...records].flatMap(([hospital, record]) => (contributing[hospital] ? [record] : []))
    // hospitals that restarted during a round, or caught up with it, did not measure it
    const waits = own.flatMap(({ beyondMs }) => (beyondMs > 0 ? [beyondMs] : []))
    return {
      round,
      outcome,
      views: Math.max(...[...records.values()].map(({ views }) => views)),
      contributors: this.#sites.flatMap(({ site }, at) => (contributing[at] ? [site] : [])),
      durationMs: tenths(Math.max(0, ...own.map(({ durationMs }) => durationMs))),
      trainMs: tenths(Math.max(0, ...own.map(({ trainMs }) => trainMs))),
      beyondMs: waits.length === 0 ? null : tenths(Math.min(...waits)),
      bytesSent: this.#sites.map((_, hospital) => records.get(hospital)?.bytesSent ?? null),
      checkpoint,
      agreed: records.size,
    }
  }

  /** All reported rounds, oldest first. */
  summaries(): RoundSummary[] {
    return [...this.#rounds.keys()].sort((a, b) => a - b).map(round => this.summary(round)!)
  }
}

/** Rounds to tenths of a millisecond, the precision worth showing. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
