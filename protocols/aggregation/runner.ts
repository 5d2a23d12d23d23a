/**
 * Runs a round's jobs on a vault: the vectors and secrets of one hospital, kept away from the state machine.
 *
 * @module
 */

import { commit } from '../../crypto/commitment.ts'
import { TAG_SUM } from '../../crypto/domain.ts'
import { CodedError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { publicKeyOf } from '../../crypto/key-agreement.ts'
import { type Chunk, chunkLayout } from '../../crypto/layout.ts'
import { fromBytes, toBytes } from '../../crypto/ring.ts'
import type { Rng } from '../../crypto/rng.ts'
import { deriveSelfKey } from '../../crypto/zero-sum-masks.ts'
import type { Member } from '../roster/roster.ts'
import { applySum, type Checkpoint, checkpointHash, encodeCheckpoint } from '../round/checkpoint.ts'
import { hex } from '../round/state.ts'
import type { StudyDocument } from '../study/document.ts'
import { planStudy } from '../study/plan.ts'
import { manifestRoot, maskUpdate, type RoundJob, type RoundOutput, type Session, sumChunk } from './jobs.ts'

/** The round's ephemeral X25519 secret and the root of its self keys, 32 bytes each. */
export interface RoundSecrets {
  readonly secret: Uint8Array
  readonly root: Uint8Array
}

/** Where vectors and secrets live. What must be durable before the call returns says so. */
export interface Vault {
  /** the round's secrets, drawn at the first call; durable */
  secrets(round: number): RoundSecrets
  /** this round's clipped and quantised sum, if training has given one */
  update(round: number): Int32Array | undefined
  /** our masked vector of a session, if one was ever made */
  masked(round: number, sid: string): Uint32Array | undefined
  /** durable; at most once per session */
  putMasked(round: number, sid: string, masked: Uint32Array): void
  /** another contributor's masked chunk, that we hold as its owner */
  part(sid: string, chunk: number, member: Member): Uint32Array | undefined
  /** a chunk sum, by hex hash of its bytes */
  sum(hash: string): Uint8Array | undefined
  putSum(round: number, hash: string, bytes: Uint8Array): void
  /** the checkpoint that this round's step starts from */
  current(): Checkpoint
  /** durable */
  putCheckpoint(hash: string, bytes: Uint8Array): void
}

export interface RunnerSettings {
  readonly document: StudyDocument
  readonly self: Member
  readonly rng: Rng
}

/** Runs one job; a failure is an output too, for the round goes on without it. */
export function createRunner(vault: Vault, { document, self, rng }: RunnerSettings): (job: RoundJob) => RoundOutput {
  const ids = document.hospitals.map(hospital => hospital.id)
  const { fixedPoint, dimension, denominator } = planStudy(document)
  const { noiseMultiplier, colluders } = document.privacy
  const noise = { noiseMultiplier, sensitivity: fixedPoint.sensitivity, colluders }
  const layout = (session: Session): Chunk[] => chunkLayout(dimension, session.owners)
  const selfKey = (round: number, sid: Uint8Array) =>
    deriveSelfKey({ root: vault.secrets(round).root, sid, id: ids[self] as Uint8Array })

  function mask(round: number, session: Session): RoundOutput {
    const sid = hex(session.sid)
    let masked = vault.masked(round, sid)
    // a session's keys mask one vector, ever: two would cancel the masks and show their difference
    if (masked === undefined) {
      const update = vault.update(round)
      if (update === undefined) return failed('mask', 'no-update', 'there is no trained update to mask')
      masked = maskUpdate({ update, session, self, ids, ...vault.secrets(round), noise }, rng)
      vault.putMasked(round, sid, masked)
    }
    const root = manifestRoot(masked, session.owners)
    return { kind: 'mask', sid, root, commitment: commit(selfKey(round, session.sid)) }
  }

  function partOf(round: number, session: Session, { index, start, words }: Chunk, member: Member) {
    const sid = hex(session.sid)
    if (member !== self) return vault.part(sid, index, member)
    return vault.masked(round, sid)?.subarray(start, start + words)
  }

  function sum({ round, session, chunk: index, attempt, selfKeys }: Extract<RoundJob, { kind: 'sum' }>): RoundOutput {
    const chunk = layout(session)[index] as Chunk
    const parts: { masked: Uint32Array; selfKey: Uint8Array }[] = []
    for (const [member, key] of selfKeys) {
      const masked = partOf(round, session, chunk, member)
      if (masked === undefined) return failed('sum', 'part-lost', `the part of member ${member} is not here any more`)
      parts.push({ masked, selfKey: key })
    }
    const bytes = toBytes(sumChunk(parts, chunk.start))
    const hash = sha256(bytes)
    vault.putSum(round, hex(hash), bytes)
    return { kind: 'sum', sid: hex(session.sid), attempt, hash }
  }

  function apply({ session, sums }: Extract<RoundJob, { kind: 'apply' }>): RoundOutput {
    const opened = new Uint32Array(dimension)
    const chunks = layout(session).filter(chunk => chunk.words > 0)
    for (const [at, { start, words }] of chunks.entries()) {
      const bytes = vault.sum(sums[at] as string)
      if (bytes?.length !== words * 4) return failed('apply', 'sum-lost', `the sum of chunk ${at} has a wrong length`)
      opened.set(fromBytes(bytes), start)
    }
    const { learningRate, momentum, averageDecay } = document.optimizer
    const settings = { scale: fixedPoint.scale, denominator, learningRate, momentum, averageDecay }
    const next = encodeCheckpoint(applySum(vault.current(), new Int32Array(opened.buffer), settings))
    const checkpoint = checkpointHash(next)
    vault.putCheckpoint(hex(checkpoint), next)
    return { kind: 'apply', sid: hex(session.sid), sum: sha256(TAG_SUM, toBytes(opened)), checkpoint }
  }

  function run(job: RoundJob): RoundOutput {
    switch (job.kind) {
      case 'prepare':
        return { kind: 'prepare', key: publicKeyOf(vault.secrets(job.round).secret) }
      case 'mask':
        return mask(job.round, job.session)
      case 'reveal':
        return { kind: 'reveal', sid: hex(job.session.sid), key: selfKey(job.round, job.session.sid) }
      case 'sum':
        return sum(job)
      case 'apply':
        return apply(job)
    }
  }

  return job => {
    try {
      return run(job)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      return failed(job.kind, error.code, error.message)
    }
  }
}

function failed(job: RoundJob['kind'], code: string, reason: string): RoundOutput {
  return { kind: 'failed', job, code, reason }
}
