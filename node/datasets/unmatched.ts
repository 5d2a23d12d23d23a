/** Entries of a list that nothing was found for. Their number is told and no entry, as one may name a patient. @module */

export class Unmatched {
  readonly #left: Set<string>
  /** of the whole list */
  readonly entries: number

  constructor(entries: Iterable<string>) {
    this.#left = new Set(entries)
    this.entries = this.#left.size
  }

  /** Something was found for an entry; a text that is none changes nothing. */
  found(entry: string): void {
    this.#left.delete(entry)
  }

  get count(): number {
    return this.#left.size
  }
}
