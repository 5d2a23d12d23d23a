/** Port: the store of a round's secrets and vectors between jobs. @module */

import type { Checkpoint } from '../model/checkpoint.ts'
import type { Member } from '../roster/roster.ts'

/** The round's ephemeral X25519 secret and the root of its self keys, 32 bytes each. */
export interface RoundSecrets {
  readonly secret: Uint8Array
  readonly root: Uint8Array
}

/** Stores vectors and secrets. "durable": the data must be on disk before the call returns. */
export interface Vault {
  /** the round's secrets, drawn at the first call; durable */
  secrets(round: number): RoundSecrets
  /** this round's clipped and quantised sum, if training has produced one */
  update(round: number): Int32Array | undefined
  /** our masked vector of a session, if there is one */
  masked(round: number, sid: string): Uint32Array | undefined
  /** durable; at most once per session */
  putMasked(round: number, sid: string, masked: Uint32Array): void
  /** another contributor's masked chunk, which we hold as the chunk's owner */
  part(sid: string, chunk: number, member: Member): Uint32Array | undefined
  /** a chunk sum, by hex hash of its bytes */
  sum(hash: string): Uint8Array | undefined
  putSum(round: number, hash: string, bytes: Uint8Array): void
  /** the checkpoint that this round's step starts from */
  current(): Checkpoint
  /** durable */
  putCheckpoint(hash: string, bytes: Uint8Array): void
}
