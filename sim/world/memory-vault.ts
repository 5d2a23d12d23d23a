/**
 * A vault in memory: what of a hospital's vectors and secrets survives a crash, and what does not. A write is staged
 * until `sync`; a crash in between keeps or loses it.
 *
 * @module
 */

import type { Rng } from '../../crypto/rng.ts'
import { hex } from '../../protocols/immutable.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { type Checkpoint, type CheckpointShape, decodeCheckpoint } from '../../protocols/model/checkpoint.ts'
import { evaluationValues } from '../../protocols/model/evaluation-state.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import type { RoundSecrets, Vault } from '../../protocols/secure-sum/vault.ts'
import type { Link } from '../../protocols/transcript/link.ts'

/** What a disk keeps of a vault. */
interface Durable {
  readonly secrets: Map<number, RoundSecrets>
  readonly maskedBySid: Map<string, Uint32Array>
  readonly checkpoints: Map<string, Uint8Array>
  readonly current: Checkpoint
}

export class MemoryVault implements Vault {
  // durable until the round's result
  #secrets = new Map<number, RoundSecrets>()
  maskedBySid = new Map<string, Uint32Array>()
  // durable
  checkpoints = new Map<string, Uint8Array>()
  #current: Checkpoint
  // gone after a crash
  readonly updates = new Map<number, Int32Array>()
  readonly parts = new Map<string, Uint32Array>()
  readonly sums = new Map<string, { readonly round: number; readonly bytes: Uint8Array }>()
  /** for checkers only: what was masked under each session, ever */
  readonly inputs = new Map<string, Int32Array>()
  /** how to undo what is written but not yet on the disk */
  readonly #staged: (() => void)[] = []
  readonly #initial: Checkpoint
  readonly #rng: Rng
  readonly #shape: CheckpointShape

  constructor({ initial, rng }: { initial: Checkpoint; rng: Rng }) {
    this.#current = initial
    this.#initial = initial
    this.#rng = rng
    const { parameters, normalisation, evaluation, influence, table } = initial
    const lengths = evaluation === null ? [] : evaluationValues(evaluation).map(({ length }) => length)
    this.#shape = {
      dimension: parameters.length,
      normalisation: normalisation.length,
      evaluation: lengths,
      influence: influence.length,
      table: table.length,
    }
  }

  /** True while something is written that a crash may lose. */
  get staged(): boolean {
    return this.#staged.length > 0
  }

  /** What was written is on the disk. */
  sync(): void {
    this.#staged.length = 0
  }

  /** The process dies: only what is durable is left, and of what was on its way there what the disk had taken. */
  crash({ keepStaged }: { keepStaged: boolean }): void {
    if (!keepStaged) for (const undo of this.#staged.reverse()) undo()
    this.sync()
    this.updates.clear()
    this.parts.clear()
    this.sums.clear()
  }

  /** What the disk holds. */
  copy(): Durable {
    return {
      secrets: new Map(this.#secrets),
      maskedBySid: new Map(this.maskedBySid),
      checkpoints: new Map(this.checkpoints),
      current: this.#current,
    }
  }

  /** The vault as it was when the copy was made; only while its hospital is down. */
  restore(before: Durable): void {
    this.#secrets = new Map(before.secrets)
    this.maskedBySid = new Map(before.maskedBySid)
    this.checkpoints = new Map(before.checkpoints)
    this.#current = before.current
  }

  /** A new disk, which holds nothing yet; only while its hospital is down. */
  lose(): void {
    const initial = this.#initial
    this.restore({ secrets: new Map(), maskedBySid: new Map(), checkpoints: new Map(), current: initial })
  }

  secrets(round: number): RoundSecrets {
    const before = this.#secrets.get(round)
    if (before !== undefined) return before
    const drawn = { secret: new Uint8Array(32), root: new Uint8Array(32) }
    this.#rng(drawn.secret)
    this.#rng(drawn.root)
    this.#secrets.set(round, drawn)
    this.#staged.push(() => this.#secrets.delete(round))
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
    this.inputs.set(sid, (this.updates.get(round) as Int32Array).slice())
    this.maskedBySid.set(sid, masked)
    this.#staged.push(() => {
      this.inputs.delete(sid)
      this.maskedBySid.delete(sid)
    })
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
    if (this.checkpoints.has(hash)) return
    this.checkpoints.set(hash, bytes)
    this.#staged.push(() => this.checkpoints.delete(hash))
  }

  /**
   * Certified rounds: the newest checkpoint among them is the one to go on from; the rounds' secrets and vectors go.
   *
   * @param complete false when nobody has given us their checkpoint, because the roster that they lead to does not name
   *                 us, or because more links are to come
   */
  adopt(links: readonly Link[], { complete }: { complete: boolean }): void {
    let newest: string | null = null
    for (const link of links) {
      const value = decodeResultValue(link.value)
      if (value.outcome === 'result') newest = hex(value.checkpoint)
    }
    if (newest !== null && (complete || this.checkpoints.has(newest))) {
      this.#current = decodeCheckpoint(this.checkpoints.get(newest) as Uint8Array, this.#shape)
    }
    const last = links.at(-1)?.round ?? 0
    for (const round of this.#secrets.keys()) if (round <= last) this.#secrets.delete(round)
    for (const round of this.updates.keys()) if (round <= last) this.updates.delete(round)
    // a slower peer may still pull this round's sums; the rounds before are over for everybody
    for (const [hash, { round }] of this.sums) if (round < last) this.sums.delete(hash)
    this.maskedBySid.clear()
    this.parts.clear()
  }
}
