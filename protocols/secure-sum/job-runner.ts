/**
 * Runs a round's jobs on a vault, which holds the vectors and secrets of one hospital apart from the state machine.
 *
 * @module
 */

import { commit } from '../../crypto/commitment.ts'
import { TAG_SUM } from '../../crypto/domain.ts'
import { CodedError } from '../../crypto/errors.ts'
import { fingerprint } from '../../crypto/fingerprint.ts'
import { sha256 } from '../../crypto/hash.ts'
import { agree, publicKeyOf } from '../../crypto/key-agreement.ts'
import { type Chunk, chunkLayout } from '../../crypto/layout.ts'
import { addInto, fromBytes, toBytes } from '../../crypto/ring.ts'
import type { Rng } from '../../crypto/rng.ts'
import { addUnmasked, deriveSelfKey } from '../../crypto/zero-sum-masks.ts'
import { hex, same } from '../immutable.ts'
import { checkpointHash, encodeCheckpoint } from '../model/checkpoint.ts'
import { nextCheckpoint } from '../model/next-checkpoint.ts'
import type { Member } from '../roster/roster.ts'
import { noiseOfSum } from '../study/noise/noised-sums.ts'
import { planStudy, type StudyPlan, sumIn } from '../study/plan.ts'
import type { StudyDocument } from '../study/types.ts'
import type { Fingerprints, RoundJob, RoundOutput, Session } from './jobs.ts'
import { manifestRoot, maskUpdate } from './masking.ts'
import { auditSession, type Contribution, fingerprintParts } from './recompute.ts'
import type { Vault } from './vault.ts'

export interface RunnerSettings {
  readonly document: StudyDocument
  readonly rng: Rng
  /** X25519 by default; a simulator may pass a faster function */
  readonly agree?: typeof agree
}

/** Runs one job. A failure is an output too, because the round continues without the job. */
export function createRunner(vault: Vault, settings: RunnerSettings): (job: RoundJob) => RoundOutput {
  const runner = new Runner(vault, settings)
  return job => {
    try {
      return runner.run(job)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      return failed(job.kind, error.code, error.message)
    }
  }
}

class Runner {
  readonly #vault: Vault
  readonly #document: StudyDocument
  readonly #rng: Rng
  readonly #plan: StudyPlan
  readonly #agree: typeof agree

  constructor(vault: Vault, settings: RunnerSettings) {
    const { document, rng } = settings
    this.#agree = settings.agree ?? agree
    this.#vault = vault
    this.#document = document
    this.#rng = rng
    this.#plan = planStudy(document)
  }

  run(job: RoundJob): RoundOutput {
    switch (job.kind) {
      case 'prepare':
        return { kind: 'prepare', key: publicKeyOf(this.#vault.secrets(job.round).secret) }
      case 'mask':
        return this.#mask(job)
      case 'reveal':
        return { kind: 'reveal', sid: hex(job.session.sid), key: this.#selfKey(job.round, job.session) }
      case 'sum':
        return this.#sum(job)
      case 'fingerprint':
        return this.#fingerprint(job)
      case 'recompute':
        return this.#recompute(job)
      case 'apply':
        return this.#apply(job)
    }
  }

  #chunks(round: number, { owners }: Session): Chunk[] {
    return chunkLayout(sumIn(this.#plan, round).dimension, owners).filter(chunk => chunk.words > 0)
  }

  #selfKey(round: number, { sid, self, ids }: Session): Uint8Array {
    return deriveSelfKey({ root: this.#vault.secrets(round).root, sid, id: ids.get(self) as Uint8Array })
  }

  #mask({ round, session, again }: JobOf<'mask'>): RoundOutput {
    const vault = this.#vault
    const sid = hex(session.sid)
    let masked = vault.masked(round, sid)
    // a session's keys mask one vector only: of two, the difference would cancel the masks and reveal the updates'
    if (masked === undefined) {
      if (again) return failed('mask', 'masked-lost', 'the masked vector that our MANIFEST commits to is lost')
      const update = vault.update(round)
      if (update === undefined) return failed('mask', 'no-update', 'there is no trained update to mask')
      const noise = noiseOfSum(this.#document.privacy, sumIn(this.#plan, round), session.members.length)
      masked = maskUpdate({ update, session, ...vault.secrets(round), noise, agree: this.#agree }, this.#rng)
      vault.putMasked(round, sid, masked)
    }
    const root = manifestRoot(masked, session.owners)
    return { kind: 'mask', sid, root, commitment: commit(this.#selfKey(round, session)) }
  }

  #part(round: number, session: Session, { index, start, words }: Chunk, member: Member): Uint32Array | undefined {
    const sid = hex(session.sid)
    if (member !== session.self) return this.#vault.part(sid, index, member)
    return this.#vault.masked(round, sid)?.subarray(start, start + words)
  }

  /** One contributor's masked parts of some chunks, or undefined while a part is missing. */
  #parts(round: number, session: Session, chunks: readonly Chunk[], member: Member): Uint32Array[] | undefined {
    const parts: Uint32Array[] = []
    for (const chunk of chunks) {
      const part = this.#part(round, session, chunk, member)
      if (part === undefined) return undefined
      parts.push(part)
    }
    return parts
  }

  #sum({ round, session, chunk: index, attempt, selfKeys }: JobOf<'sum'>): RoundOutput {
    const chunk = this.#chunks(round, session).filter(one => one.index === index)
    const all: { masked: Uint32Array; selfKey: Uint8Array }[] = []
    for (const [member, selfKey] of selfKeys) {
      const [masked] = this.#parts(round, session, chunk, member) ?? []
      if (masked === undefined) return failed('sum', 'part-lost', `the part of member ${member} is not here any more`)
      all.push({ masked, selfKey })
    }
    const bytes = toBytes(addUnmasked(all, (chunk[0] as Chunk).start))
    const hash = sha256(bytes)
    this.#vault.putSum(round, hex(hash), bytes)
    return { kind: 'sum', sid: hex(session.sid), attempt, hash }
  }

  #fingerprint({ round, session, challenge, member, selfKey }: JobOf<'fingerprint'>): RoundOutput {
    const chunks = this.#chunks(round, session)
    const parts = this.#parts(round, session, chunks, member)
    if (parts === undefined)
      return failed('fingerprint', 'part-lost', `a part of member ${member} is not here any more`)
    const sums = fingerprintParts({ parts, selfKey }, { chunks, challenge })
    return { kind: 'fingerprint', sid: hex(session.sid), challenge, member, sums }
  }

  #recompute(job: JobOf<'recompute'>): RoundOutput {
    const { round, session, selfKeys } = job
    const chunks = this.#chunks(round, session)
    const contributions: Contribution[] = []
    for (const member of session.members) {
      const parts = this.#parts(round, session, chunks, member)
      if (parts === undefined)
        return failed('recompute', 'part-lost', `a part of member ${member} is not here any more`)
      contributions.push({ member, parts, selfKey: selfKeys.get(member) as Uint8Array })
    }
    const putSum = (hash: Uint8Array, bytes: Uint8Array) => this.#vault.putSum(round, hex(hash), bytes)
    return auditSession(job, { contributions, chunks }, putSum)
  }

  #apply({ round, session, sums, fingerprints }: JobOf<'apply'>): RoundOutput {
    const opened = new Uint32Array(sumIn(this.#plan, round).dimension)
    for (const [at, { start, words }] of this.#chunks(round, session).entries()) {
      const bytes = this.#vault.sum(sums[at] as string)
      if (bytes === undefined) return failed('apply', 'sum-lost', `the sum of chunk ${at} is not here any more`)
      // an owner may claim a sum of any length
      if (bytes.length === words * 4) opened.set(fromBytes(bytes), start)
      else if (fingerprints !== null) return mismatch(session, fingerprints)
    }
    if (fingerprints !== null && !agrees(opened, fingerprints)) return mismatch(session, fingerprints)
    const at = { document: this.#document, plan: this.#plan, round }
    const next = encodeCheckpoint(nextCheckpoint(this.#vault.current(), new Int32Array(opened.buffer), at))
    const checkpoint = checkpointHash(next)
    this.#vault.putCheckpoint(hex(checkpoint), next)
    return { kind: 'apply', sid: hex(session.sid), sum: sha256(TAG_SUM, toBytes(opened)), checkpoint }
  }
}

type JobOf<K extends RoundJob['kind']> = Extract<RoundJob, { kind: K }>

/** Fingerprints are linear: the fingerprint of the sum is the sum of the contributors' fingerprints. */
function agrees(opened: Uint32Array, { challenge, sums }: Fingerprints): boolean {
  const expected = new Uint32Array(64)
  for (const one of sums) addInto(expected, fromBytes(one))
  return same(toBytes(expected), toBytes(fingerprint(opened, challenge)))
}

function mismatch({ sid }: Session, { challenge }: Fingerprints): RoundOutput {
  return { kind: 'mismatch', sid: hex(sid), challenge }
}

function failed(job: RoundJob['kind'], code: string, reason: string): RoundOutput {
  return { kind: 'failed', job, code, reason }
}
