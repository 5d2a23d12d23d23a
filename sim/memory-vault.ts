/**
 * A vault in memory, and a log in memory: what survives a crash of a simulated hospital, and what does not.
 *
 * @module
 */

import type { Rng } from '../crypto/rng.ts'
import type { RoundSecrets, Vault } from '../protocols/aggregation/runner.ts'
import type { Member } from '../protocols/roster/roster.ts'
import { type Checkpoint, decodeCheckpoint } from '../protocols/round/checkpoint.ts'

export class MemoryVault implements Vault {
  // durable
  readonly #secrets = new Map<number, RoundSecrets>()
  readonly maskedBySid = new Map<string, Uint32Array>()
  readonly checkpoints = new Map<string, Uint8Array>()
  #current: Checkpoint
  // gone after a crash
  readonly updates = new Map<number, Int32Array>()
  readonly parts = new Map<string, Uint32Array>()
  readonly sums = new Map<string, Uint8Array>()
  readonly #rng: Rng
  readonly #dimension: number

  constructor({ initial, rng, dimension }: { initial: Checkpoint; rng: Rng; dimension: number }) {
    this.#current = initial
    this.#rng = rng
    this.#dimension = dimension
  }

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

  update(round: number): Int32Array | undefined {
    return this.updates.get(round)
  }

  masked(_round: number, sid: string): Uint32Array | undefined {
    return this.maskedBySid.get(sid)
  }

  putMasked(_round: number, sid: string, masked: Uint32Array): void {
    this.maskedBySid.set(sid, masked)
  }

  part(sid: string, chunk: number, member: Member): Uint32Array | undefined {
    return this.parts.get(`${sid}/${chunk}/${member}`)
  }

  putPart(sid: string, chunk: number, member: Member, words: Uint32Array): void {
    this.parts.set(`${sid}/${chunk}/${member}`, words)
  }

  sum(hash: string): Uint8Array | undefined {
    return this.sums.get(hash)
  }

  putSum(_round: number, hash: string, bytes: Uint8Array): void {
    this.sums.set(hash, bytes)
  }

  current(): Checkpoint {
    return this.#current
  }

  putCheckpoint(hash: string, bytes: Uint8Array): void {
    this.checkpoints.set(hash, bytes)
  }

  /** A certified round's checkpoint becomes the one to go on from; the round's secrets and vectors go. */
  adopt(hash: string | null, round: number): void {
    if (hash !== null) this.#current = decodeCheckpoint(this.checkpoints.get(hash) as Uint8Array, this.#dimension)
    this.#secrets.delete(round)
  }
}
