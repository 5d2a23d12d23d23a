/**
 * Pulls: what is asked for, by hash or as one part of a session, and what an answer must match. The daemon and the
 * simulator both ask here; only what matches is kept.
 *
 * @module
 */

import { sha256 } from '../../crypto/hash.ts'
import { verifyPath } from '../../crypto/merkle.ts'
import { ProtocolError } from '../errors.ts'
import { hex } from '../immutable.ts'
import { checkpointHash } from '../model/checkpoint.ts'
import type { Member } from '../roster/roster.ts'
import { findPhase } from '../round/data-phase.ts'
import type { Wanted } from '../round/effects.ts'
import { saidBy } from '../round/facts.ts'
import type { RoundState } from '../round/state.ts'
import { filledChunks } from '../session/chunks.ts'
import type { PullRequest } from './frames.ts'

/** When nobody had it, all are asked again after this pause. */
export const PULL_RETRY_MS = 1000
/** One peer's whole answer, on a real line. The simulator's lines are quicker, and it waits less. */
export const PULL_TIMEOUT_MS = 60_000
/** For the first word of an answer. Its worker may be training, so silence is no offence: others are asked meanwhile. */
export const PULL_ANSWER_MS = 5000
/** A peer that was silent is not asked again for a while. */
export const PULL_SILENCE_MS = 20_000

const WORD_BYTES = 4
/** Parameters, momentum and moving average in float32, and a mean of features, of which there are at most half as many. */
export const CHECKPOINT_BYTES_PER_WORD = 14
/** What else a checkpoint holds: the normalisation of as many columns as a study may bound is most of it. */
const CHECKPOINT_HEADER_BYTES_MAX = 1 << 16

/** What came in answer to a pull. */
export interface Pulled {
  /** little-endian where it is words */
  readonly bytes: Uint8Array
  /** the Merkle path of a chunk; empty for what is asked by its hash */
  readonly path: readonly Uint8Array[]
}

/**
 * `wrong`: no honest peer gives it. `absent`: it is not there. `useless`: nothing here tells whose fault it is, for the
 * round went on, or a contributor may have committed to two vectors.
 */
export type PullVerdict = 'right' | 'wrong' | 'absent' | 'useless'

/**
 * The longest answer that is read, in bytes.
 *
 * @param dimension   words of the model
 */
export function pullBytesMax({ kind }: Wanted, dimension: number): number {
  if (kind === 'checkpoint') return CHECKPOINT_BYTES_PER_WORD * dimension + CHECKPOINT_HEADER_BYTES_MAX
  return WORD_BYTES * dimension
}

/**
 * Checks an answer's length before it is read. A sum that is longer than any is never read: its maker lies, and the next
 * owner's sum shows it (`isDisputed`).
 *
 * @throws ProtocolError `too-long`
 */
export function checkLength(length: number, wanted: Wanted, dimension: number): void {
  const most = pullBytesMax(wanted, dimension)
  if (length > most) throw new ProtocolError('too-long', `${length} bytes where ${most} fit`)
}

/** What is sent to ask for it; undefined for a part of a session that our round does not know. */
export function pullRequestOf(state: RoundState, wanted: Wanted): PullRequest | undefined {
  if (wanted.kind !== 'chunk') return { kind: wanted.kind, hash: wanted.hash }
  const opening = findPhase(state, wanted.sid)?.opening
  if (opening === undefined) return undefined
  const { sid, chunk, member } = wanted
  return { kind: 'chunk', round: state.round, sid, chunk, owners: opening.owners.length, member }
}

/**
 * Whether a request for a part names a session of our round, and its layout: the layout is the session's, not the
 * asker's, for chunk hashes are made only once.
 */
export function isKnownPart(
  state: RoundState,
  { round, sid, owners }: Pick<Extract<PullRequest, { kind: 'chunk' }>, 'round' | 'sid' | 'owners'>,
): boolean {
  return round === state.round && findPhase(state, sid)?.opening.owners.length === owners
}

/**
 * Judges what came: by its hash, or by its length and its path to the root in the contributor's MANIFEST. An answer of no
 * bytes says that it is not there; yet it is right where an owner claims a sum of no words.
 *
 * @param from   who gave it: a part that another has made may be right by a MANIFEST that we were not shown
 */
export function judgePulled(state: RoundState, wanted: Wanted, { bytes, path }: Pulled, from: Member): PullVerdict {
  if (wanted.kind !== 'chunk') {
    const hash = wanted.kind === 'sum' ? sha256(bytes) : checkpointHash(bytes)
    if (hex(hash) === wanted.hash) return 'right'
    return bytes.length === 0 ? 'absent' : 'wrong'
  }
  if (bytes.length === 0) return 'absent'
  const { sid, chunk: index, member } = wanted
  const opening = findPhase(state, sid)?.opening
  const manifest = opening && saidBy(state, { type: 'manifest', view: opening.view, from: member })
  if (opening === undefined || manifest === undefined) return 'useless'
  const filled = filledChunks(opening)
  const words = filled.find(chunk => chunk.index === index)?.words
  if (words === undefined || bytes.length !== WORD_BYTES * words) return 'wrong'
  const leaf = sha256(bytes)
  if (verifyPath({ root: manifest.body.root, leaf, index, count: filled.length, path })) return 'right'
  return from === member ? 'wrong' : 'useless'
}
