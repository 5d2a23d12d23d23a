/**
 * A disk in memory, and a vault in memory: what survives a crash of a simulated hospital, and what does not. Both throw
 * at once on what must never happen.
 *
 * @module
 */

import type { Rng } from '../crypto/rng.ts'
import type { RoundSecrets, Vault } from '../protocols/aggregation/runner.ts'
import type { Entry } from '../protocols/ports.ts'
import type { Member } from '../protocols/roster/roster.ts'
import { type Checkpoint, decodeCheckpoint } from '../protocols/round/checkpoint.ts'
import { hex } from '../protocols/round/state.ts'
import { decodeLink, decodeResultValue, encodeLink, type Link } from '../protocols/sync/link.ts'

/** What a hospital's log holds. */
export class MemoryDisk {
  readonly own = new Map<number, Map<string, Uint8Array>>()
  readonly links: Link[] = []
  readonly charges: Extract<Entry, { kind: 'charge' }>[] = []
  readonly reserved = new Set<string>()

  /** One atomic, durable write. @throws Error when one of our slots is filled twice, or a round charged twice */
  write(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.kind === 'own') this.#say(entry)
      else if (entry.kind === 'reserve') this.reserved.add(hex(entry.sid))
      else if (entry.kind === 'link') this.links.push(decodeLink(encodeLink(entry.link)))
      else {
        if (this.charges.some(charge => charge.round === entry.round)) throw new Error(`${entry.round} charged twice`)
        this.charges.push(entry)
      }
    }
  }

  #say({ round, slot, bytes }: Extract<Entry, { kind: 'own' }>): void {
    const slots = this.own.get(round) ?? new Map<string, Uint8Array>()
    if (slots.has(slot)) throw new Error(`slot ${slot} of round ${round} was filled twice`)
    this.own.set(round, slots.set(slot, bytes))
  }
}

export class MemoryVault implements Vault {
  // durable until the round's result
  readonly #secrets = new Map<number, RoundSecrets>()
  readonly maskedBySid = new Map<string, Uint32Array>()
  // durable
  readonly checkpoints = new Map<string, Uint8Array>()
  #current: Checkpoint
  // gone after a crash
  readonly updates = new Map<number, Int32Array>()
  readonly parts = new Map<string, Uint32Array>()
  readonly sums = new Map<string, { readonly round: number; readonly bytes: Uint8Array }>()
  /** for checkers only: what was masked under each session, ever */
  readonly inputs = new Map<string, Int32Array>()
  readonly #rng: Rng
  readonly #dimension: number

  constructor({ initial, rng, dimension }: { initial: Checkpoint; rng: Rng; dimension: number }) {
    this.#current = initial
    this.#rng = rng
    this.#dimension = dimension
  }

  /** The process dies: only what is durable is left. */
  crash(): void {
    this.updates.clear()
    this.parts.clear()
    this.sums.clear()
  }

  secrets(round: number): RoundSecrets {
    const before = this.#secrets.get(round)
    if (before !== undefined) return before
    const drawn = { secret: new Uint8Array(32), root: new Uint8Array(32) }
    this.#rng(drawn.secret)
    this.#rng(drawn.root)
    this.#secrets.set(round, drawn)
    return drawn
  }

  /** The file with a round's secrets is lost, and nothing else. */
  loseSecrets(round: number): void {
    this.#secrets.delete(round)
  }

  update(round: number): Int32Array | undefined {
    return this.updates.get(round)
  }

  masked(_round: number, sid: string): Uint32Array | undefined {
    return this.maskedBySid.get(sid)
  }

  putMasked(round: number, sid: string, masked: Uint32Array): void {
    if (this.inputs.has(sid)) throw new Error(`two vectors were masked under ${sid}`)
    this.inputs.set(sid, (this.updates.get(round) as Int32Array).slice())
    this.maskedBySid.set(sid, masked)
  }

  part(sid: string, chunk: number, member: Member): Uint32Array | undefined {
    return this.parts.get(`${sid}/${chunk}/${member}`)
  }

  putPart(sid: string, chunk: number, member: Member, words: Uint32Array): void {
    this.parts.set(`${sid}/${chunk}/${member}`, words)
  }

  sum(hash: string): Uint8Array | undefined {
    return this.sums.get(hash)?.bytes
  }

  putSum(round: number, hash: string, bytes: Uint8Array): void {
    this.sums.set(hash, { round, bytes })
  }

  current(): Checkpoint {
    return this.#current
  }

  putCheckpoint(hash: string, bytes: Uint8Array): void {
    this.checkpoints.set(hash, bytes)
  }

  /** Certified rounds: the newest checkpoint among them is the one to go on from; the rounds' secrets and vectors go. */
  adopt(links: readonly Link[]): void {
    let newest: string | null = null
    for (const link of links) {
      const value = decodeResultValue(link.value)
      if (value.outcome === 'result') newest = hex(value.checkpoint)
    }
    if (newest !== null) this.#current = decodeCheckpoint(this.checkpoints.get(newest) as Uint8Array, this.#dimension)
    const last = links.at(-1)?.round ?? 0
    for (const round of this.#secrets.keys()) if (round <= last) this.#secrets.delete(round)
    for (const round of this.updates.keys()) if (round <= last) this.updates.delete(round)
    // a slower peer may still pull this round's sums; the rounds before are over for everybody
    for (const [hash, { round }] of this.sums) if (round < last) this.sums.delete(hash)
    this.maskedBySid.clear()
    this.parts.clear()
  }
}
