/**
 * What a simulated hospital's log holds: an atomic, durable write for each `store`, and an older copy for whoever sets
 * its machine back.
 *
 * @module
 */

import { hex } from '../../protocols/immutable.ts'
import type { Entry } from '../../protocols/round/effects.ts'
import type { Link } from '../../protocols/transcript/link.ts'
import { Violation } from './violation.ts'

export class MemoryDisk {
  own = new Map<number, Map<string, Uint8Array>>()
  links: Link[] = []
  charges: Extract<Entry, { kind: 'charge' }>[] = []
  reserved = new Set<string>()
  halts: Extract<Entry, { kind: 'halt' }>[] = []
  /** restored from a backup, and no round reserved since */
  restored = false
  readonly #strict: boolean

  /** @param strict false for a liar, whose disk takes what no honest one must */
  constructor({ strict = true }: { strict?: boolean } = {}) {
    this.#strict = strict
  }

  /** One atomic, durable write. @throws Violation when one of our slots is filled twice, or a round charged twice */
  write(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.kind === 'own') this.#say(entry)
      else if (entry.kind === 'reserve') {
        this.reserved.add(hex(entry.sid))
        this.restored = false
      } else if (entry.kind === 'link') this.#certify(entry.link)
      else if (entry.kind === 'halt') this.halts.push(entry)
      else {
        const twice = this.charges.some(charge => charge.round === entry.round)
        if (twice && this.#strict) throw new Violation(2, `round ${entry.round} was charged twice`)
        this.charges.push(entry)
      }
    }
  }

  /** A copy that later writes leave alone. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk()
    copy.restore(this)
    return copy
  }

  /** A new disk with what a backup holds of an older one: the ledger's charges. */
  restoreBackup({ charges }: Pick<MemoryDisk, 'charges'>): void {
    const fresh = new MemoryDisk()
    fresh.charges = charges
    this.restore(fresh)
    this.restored = true
  }

  /** The disk as it was when the copy was made. */
  restore(before: MemoryDisk): void {
    this.own = new Map([...before.own].map(([round, slots]) => [round, new Map(slots)]))
    this.links = [...before.links]
    this.charges = [...before.charges]
    this.reserved = new Set(before.reserved)
    this.halts = [...before.halts]
    this.restored = before.restored
  }

  /** Links from a round on, oldest first. */
  linksFrom(round: number, countMax: number): Link[] {
    const first = this.links[0]?.round ?? 0
    const at = Math.max(round - first, 0)
    return this.links.slice(at, at + countMax)
  }

  /** A round that was recorded while catching up is recorded again with its checkpoint: it takes its own place. */
  #certify(link: Link): void {
    const at = link.round - (this.links[0]?.round ?? link.round)
    const before = this.links[at]
    if (before !== undefined && hex(before.value) !== hex(link.value) && this.#strict)
      throw new Violation(1, `round ${link.round} was certified twice`, { round: link.round })
    if (before === undefined) this.links.push(link)
    else this.links[at] = link
  }

  #say({ round, slot, bytes }: Extract<Entry, { kind: 'own' }>): void {
    const slots = this.own.get(round) ?? new Map<string, Uint8Array>()
    if (slots.has(slot) && this.#strict)
      throw new Violation(1, `slot ${slot} of round ${round} was filled twice`, { round })
    this.own.set(round, slots.set(slot, bytes))
  }
}
