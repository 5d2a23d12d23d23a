/**
 * One round as its hospitals really sign it, and the evidence that could be brought out of it. Of six hospitals five
 * contribute, and the last of these owns an empty chunk.
 *
 * @module
 */

import { commit } from '../../../crypto/commitment.ts'
import { seal } from '../../../crypto/envelope.ts'
import { fingerprint, fingerprintChallenge } from '../../../crypto/fingerprint.ts'
import { sha256 } from '../../../crypto/hash.ts'
import { publicKeyOf } from '../../../crypto/key-agreement.ts'
import { merklePath } from '../../../crypto/merkle.ts'
import { toBytes } from '../../../crypto/ring.ts'
import { genesisHash, proposerIndex } from '../../../crypto/transcript.ts'
import { addUnmasked, deriveSelfKey } from '../../../crypto/zero-sum-masks.ts'
import { createJudge, type EvidenceContext } from '../../../protocols/evidence/judge.ts'
import { encodeCommitValue } from '../../../protocols/messages/commit-value.ts'
import type { EvidenceOf, MaskedPart } from '../../../protocols/messages/evidence.ts'
import {
  type Body,
  type BodyOf,
  type Content,
  encodeBody,
  encodeEnvelope,
  type Message,
  openMessage,
} from '../../../protocols/messages/messages.ts'
import { encodeReceipt, type Receipt } from '../../../protocols/messages/receipt.ts'
import { valueId } from '../../../protocols/messages/result-value.ts'
import { chunkHashes, manifestRoot, maskUpdate } from '../../../protocols/secure-sum/masking.ts'
import { filledChunks, loadedDigest } from '../../../protocols/session/chunks.ts'
import { checkOpening, type Opening } from '../../../protocols/session/opening.ts'
import { seededBytes, seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

export const HOSPITALS = 6
export const MEMBERS = [0, 1, 2, 4, 5] as const
/** owns an empty chunk */
export const IDLE_OWNER = 5
export const ROUND = 3

export const signers = testSigners(HOSPITALS)
export const study = testStudy(signers, { rounds: 5 })
export const judge: EvidenceContext = createJudge(study)
export const previous = genesisHash(judge.study)

/** A message as that member would sign it, whatever it says. */
export function wire(from: number, content: Content, header: Partial<Body> = {}): Uint8Array {
  return signed(from, encodeBody({ study: judge.study, roster: 0, round: ROUND, ...content, ...header } as Body))
}

export function signed(from: number, body: Uint8Array): Uint8Array {
  return encodeEnvelope(seal(signers[from]!, body))
}

export const hashOf = (message: Uint8Array): Uint8Array => openMessage(message, judge).hash

export const proposerOf = (view: number, round: number = ROUND): number =>
  proposerIndex({ study: judge.study, round, view, count: HOSPITALS })

/** Every byte string inside of a value. */
export function leaves(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : []
}

/** Anybody but the view's proposer. */
export const notProposerOf = (view: number): number => (proposerOf(view) + 1) % HOSPITALS

const secretOf = (member: number) => seededBytes(`secret ${member}`, 32)

export function ready(member: number, changes: Partial<Extract<Content, { type: 'ready' }>> = {}): Uint8Array {
  return wire(member, { type: 'ready', previous, key: publicKeyOf(secretOf(member)), owner: true, ...changes })
}

export function open(
  changes: Partial<Extract<Content, { type: 'open' }>> = {},
  from = proposerOf(changes.view ?? 0),
): Uint8Array {
  return wire(from, {
    type: 'open',
    view: 0,
    readys: MEMBERS.map(member => ready(member)),
    owners: [...MEMBERS],
    ...changes,
  })
}

/** A contributor's part: what it masks, commits to and releases. */
export interface Part {
  readonly masked: Uint32Array
  readonly selfKey: Uint8Array
  readonly manifest: Uint8Array
  readonly release: Uint8Array
}

/** A whole session. */
export class SignedRound {
  readonly open = open()
  readonly opening: Opening = checkOpening(openMessage(this.open, judge) as Message<BodyOf<'open'>>, judge, previous)
  readonly parts: ReadonlyMap<number, Part> = new Map(MEMBERS.map(member => [member, this.partOf(member)]))

  get sid(): Uint8Array {
    return this.opening.sid
  }

  get manifests(): Uint8Array[] {
    return MEMBERS.map(member => this.part(member).manifest)
  }

  get releases(): Uint8Array[] {
    return MEMBERS.map(member => this.part(member).release)
  }

  part(member: number): Part {
    return this.parts.get(member)!
  }

  /** A part; a liar may make a second one for the same session. */
  partOf(member: number, seed = 'update'): Part {
    const { sid, members, keys } = this.opening
    const ids = new Map(members.map(other => [other, signers[other]!.id]))
    const session = { sid, self: member, members, ids, owners: this.opening.owners.length, keys }
    const root = seededBytes(`root ${seed} ${member}`, 32)
    const bytes = seededBytes(`${seed} ${member}`, 4 * judge.dimension)
    const update = new Int32Array(bytes.buffer).map(word => word >> 12)
    const noise = { limit: 2 ** 20, sigma: 0 }
    const secret = secretOf(member)
    const masked = maskUpdate({ update, session, secret, root, noise }, seededRng(`noise ${member}`))
    const selfKey = deriveSelfKey({ root, sid, id: signers[member]!.id })
    const manifestBody = { view: 0, sid, root: manifestRoot(masked, session.owners), commitment: commit(selfKey) }
    const manifest = wire(member, { type: 'manifest', ...manifestBody })
    return { masked, selfKey, manifest, release: wire(member, { type: 'release', sid, key: selfKey }) }
  }

  /** A masked chunk with its path. */
  masked(member: number, index: number, { masked } = this.part(member)): MaskedPart {
    const { start, words } = this.opening.chunks[index]!
    const path = merklePath(chunkHashes(masked, this.opening.owners.length), index)
    return { words: toBytes(masked.subarray(start, start + words)), path }
  }

  /** The chunk that a member stands in for. */
  chunkAt(member: number, attempt: number): number {
    return (MEMBERS.indexOf(member as 0) - attempt + MEMBERS.length) % MEMBERS.length
  }

  sumOf(index: number, members: readonly number[] = MEMBERS): Uint8Array {
    const { start, words } = this.opening.chunks[index]!
    const parts = members.map(member => {
      const { masked, selfKey } = this.part(member)
      return { masked: masked.subarray(start, start + words), selfKey }
    })
    return sha256(toBytes(addUnmasked(parts, start)))
  }

  chunkSum(member: number, attempt = 0, hash = this.sumOf(this.chunkAt(member, attempt))): Uint8Array {
    return wire(member, { type: 'chunk-sum', sid: this.sid, attempt, hash })
  }

  loaded(member: number, manifests: readonly Uint8Array[] = this.manifests): Uint8Array {
    const digest = loadedDigest(this.sid, manifests.map(hashOf))
    return wire(member, { type: 'loaded', view: 0, sid: this.sid, chunk: this.chunkAt(member, 0), digest })
  }

  /** What the first agreement decides. */
  value(manifests: readonly Uint8Array[] = this.manifests): Uint8Array {
    const loaded = filledChunks(this.opening).map(({ index }) => hashOf(this.loaded(MEMBERS[index]!, manifests)))
    return encodeCommitValue({ view: 0, open: this.opening.hash, manifests: manifests.map(hashOf), loaded })
  }

  votes(
    type: 'prevote' | 'precommit',
    {
      value = this.value(),
      from = [0, 1, 2, 3],
      view = 0,
    }: { value?: Uint8Array; from?: number[]; view?: number } = {},
  ): Uint8Array[] {
    return from.map(member => wire(member, { type, instance: 'commit', view, value: valueId(value) }))
  }

  certificate(value = this.value()): EvidenceOf<'false-sum'>['bound'] {
    return { kind: 'certificate', value, precommits: this.votes('precommit', { value }) }
  }

  get challenge(): Uint8Array {
    return fingerprintChallenge({
      sid: this.sid,
      sums: filledChunks(this.opening).map(({ index }) => this.sumOf(index)),
    })
  }

  fingerprint(member: number, change: Partial<Extract<Content, { type: 'fingerprint' }>> = {}): Uint8Array {
    const { masked, selfKey } = this.part(member)
    const challenge = change.challenge ?? this.challenge
    const sums = toBytes(fingerprint(addUnmasked([{ masked, selfKey }], 0), challenge))
    return wire(member, { type: 'fingerprint', sid: this.sid, attempt: 0, challenge, sums, ...change })
  }

  missing(member: number, members: number[], chunk = this.chunkAt(member, 0)): Uint8Array {
    return wire(member, { type: 'missing', view: 0, sid: this.sid, chunk, members })
  }

  receipt(owner: number, contributor: number, changes: Partial<Receipt> = {}): Uint8Array {
    const chunk = this.chunkAt(owner, 0)
    const hash = sha256(this.masked(contributor, chunk).words)
    const id = signers[contributor]!.id
    const body = { study: judge.study, sid: this.sid, chunk, contributor: id, hash, ...changes }
    return signed(owner, encodeReceipt(body))
  }

  /** Everything that could be said against a CHUNK-SUM, with the truth as its parts. */
  falseSum(sum: Uint8Array, { member, attempt = 0 }: { member: number; attempt?: number }): EvidenceOf<'false-sum'> {
    const { open, manifests, releases } = this
    const bound = member === IDLE_OWNER ? this.certificate() : ({ kind: 'loaded', wire: this.loaded(member) } as const)
    const index = this.chunkAt(member, attempt)
    const parts = MEMBERS.map(contributor => this.masked(contributor, index))
    return { kind: 'false-sum', open, manifests, releases, bound, sum, parts }
  }

  falseFingerprint(member: number, claim: Uint8Array): EvidenceOf<'false-fingerprint'> {
    const { manifest, release } = this.part(member)
    const chunks = filledChunks(this.opening).map(({ index }) => this.masked(member, index).words)
    return { kind: 'false-fingerprint', open: this.open, manifest, release, fingerprint: claim, chunks }
  }
}
