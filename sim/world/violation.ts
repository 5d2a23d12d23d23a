/** How a checker says that something happened that must never happen. @module */

/** Something happened that must never happen. */
export class Violation extends Error {
  /** number in secure-aggregation.md, "Invariants"; null for a crash of the code under test */
  readonly invariant: number | null
  /** index of the hospital in `world.hospitals` */
  hospital: number | null
  round: number | null
  /** virtual milliseconds; the world fills in what the checker left open */
  at: number | null

  constructor(
    invariant: number | null,
    what: string,
    where: { hospital?: number; round?: number; at?: number; cause?: unknown } = {},
  ) {
    super(what, where.cause === undefined ? undefined : { cause: where.cause })
    this.name = 'Violation'
    this.invariant = invariant
    this.hospital = where.hospital ?? null
    this.round = where.round ?? null
    this.at = where.at ?? null
  }
}
