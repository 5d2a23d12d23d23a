/**
 * Whether the sums are true: every contributor's fingerprint under a challenge that nobody could know before, and, when
 * they do not fit, the sums again from everybody's parts. Masked parts are safe to show once all keys are out.
 *
 * @module secure-aggregation: FINGERPRINT
 */

import { fromString } from 'uint8arrays/from-string'
import { fingerprintChallenge } from '../../crypto/fingerprint.ts'
import { collectProof } from '../agreement/proof.ts'
import type { Binding } from '../evidence/evidence.ts'
import { put } from '../facts.ts'
import type { StepContext } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import { messagesIn, rowIn } from '../round/book.ts'
import type { BodyOf, Message } from '../round/messages.ts'
import { blame, saidBy, say } from '../round/receive.ts'
import { type Commitment, ended, hex, once, type RoundState, said, same, schedule, type Turn } from '../round/state.ts'
import type { Claims, RoundOutput } from './jobs.ts'
import { sessionOf } from './machine.ts'
import { filledChunks } from './opening.ts'
import { chunkClaims, holdsParts, selfKeys, sumHashes } from './summing.ts'

/** What the fingerprints of this round answer to: it names every sum that counts. */
function challengeOf(state: RoundState): Uint8Array | undefined {
  const hashes = selfKeys(state) && sumHashes(state)
  const sid = state.commitment?.opening.sid
  if (hashes === undefined || sid === undefined) return undefined
  return fingerprintChallenge({ sid, sums: hashes.map(hash => fromString(hash, 'hex')) })
}

/** A member's own FINGERPRINT under a challenge. */
function published(
  state: RoundState,
  { challenge, member }: { challenge: Uint8Array; member: Member },
): Message<BodyOf<'fingerprint'>> | undefined {
  for (let attempt = 0; ; attempt++) {
    const row = rowIn(state.messages, 'fingerprint', attempt)
    const message = row.get(member)
    if (message !== undefined && same(message.body.challenge, challenge)) return message
    if (row.size === 0) return undefined
  }
}

/** What a member's part of the sums must look like: by its own word, or by our own work. */
function fingerprintOf(state: RoundState, of: { challenge: Uint8Array; member: Member }): Uint8Array | undefined {
  return state.vouched.get(`${hex(of.challenge)}/${of.member}`) ?? published(state, of)?.body.sums
}

/** FINGERPRINT of our own opened vector, as soon as every chunk has a sum. */
export function fingerprintRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null || state.outcome !== null || state.audited !== null) return
  const challenge = challengeOf(state)
  const member = context.self
  if (challenge === undefined || !state.commitment.opening.members.includes(member)) return
  if (published(state, { challenge, member }) !== undefined) return
  askFingerprint(turn, { challenge, member })
}

function askFingerprint(turn: Turn, { challenge, member }: { challenge: Uint8Array; member: Member }): void {
  const { state, context } = turn
  if (!once(turn, `fingerprint:${hex(challenge)}/${member}`)) return
  const session = sessionOf((state.commitment as Commitment).opening, context)
  const selfKey = selfKeys(state)?.get(member) as Uint8Array
  const job = { kind: 'fingerprint', round: state.round, session, challenge, member, selfKey } as const
  turn.effects.push({ type: 'compute', job })
}

/** Our own fingerprint is published; one that we worked out for somebody else is for us alone. */
export function fingerprinted(turn: Turn, output: Extract<RoundOutput, { kind: 'fingerprint' }>): void {
  const { state, context } = turn
  const { challenge, member, sums } = output
  if (state.commitment?.opening.sidHex !== output.sid) return
  if (member !== context.self) {
    turn.state = { ...state, vouched: put(state.vouched, `${hex(challenge)}/${member}`, sums) }
    return
  }
  const attempt = said(state, 'fingerprint').filter(({ from }) => from === member).length
  say(turn, { type: 'fingerprint', sid: state.commitment.opening.sid, attempt, challenge, sums })
}

/**
 * Works out what others do not tell: the fingerprint of somebody who fell silent after its release, and everything when
 * the fingerprints do not fit the sums.
 */
export function vouchRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null || state.outcome !== null || state.audited !== null) return
  const challenge = challengeOf(state)
  if (challenge === undefined) return
  const { opening } = state.commitment
  if (state.flags.has(`mismatch:${hex(challenge)}`)) return audit(turn)
  const silent = opening.members.filter(member => fingerprintOf(state, { challenge, member }) === undefined)
  if (silent.length === 0) return
  schedule(turn, `vouch:${hex(challenge)}`, context.timing.resendAfterMs)
  if (!ended(state, `vouch:${hex(challenge)}`)) return
  for (const member of silent) {
    if (member === context.self) continue
    const parts = filledChunks(opening).map(({ index }) => ({ chunk: index, member }))
    if (holdsParts(turn, parts)) askFingerprint(turn, { challenge, member })
  }
}

/** Everything again, from everybody's parts. */
function audit(turn: Turn): void {
  const { opening } = turn.state.commitment as Commitment
  const parts = filledChunks(opening).flatMap(({ index }) => opening.members.map(member => ({ chunk: index, member })))
  if (!holdsParts(turn, parts) || !once(turn, 'audit')) return
  const { state, context } = turn
  const session = sessionOf(opening, context)
  const keys = selfKeys(state) as ReadonlyMap<Member, Uint8Array>
  turn.effects.push({
    type: 'compute',
    job: { kind: 'audit', round: state.round, session, selfKeys: keys, claims: claimsOf(state, context) },
  })
}

/** What everybody has signed for in this session. */
function claimsOf(state: RoundState, context: StepContext): Claims {
  const { opening } = state.commitment as Commitment
  const wire = (type: 'manifest' | 'release', from: Member) =>
    saidBy(state, { type, view: type === 'manifest' ? opening.view : 0, from })?.bytes as Uint8Array
  const claims = filledChunks(opening).flatMap(({ index }) => chunkClaims(state, index))
  return {
    open: opening.wire,
    manifests: opening.members.map(from => wire('manifest', from)),
    releases: opening.members.map(from => wire('release', from)),
    sums: claims.map(({ chunk, message: { from, body, bytes } }) => ({
      chunk,
      member: from,
      hash: body.hash,
      wire: bytes,
      bound: bindingOf(state, from, context),
    })),
    fingerprints: said(state, 'fingerprint')
      .filter(({ from, body }) => opening.members.includes(from) && same(body.sid, opening.sid))
      .map(({ from, body, bytes }) => ({ member: from, challenge: body.challenge, sums: body.sums, wire: bytes })),
  }
}

/** Which manifests an owner has signed for: by its LOADED, else as a quorum decided. */
function bindingOf(state: RoundState, from: Member, { quorum }: StepContext): Binding {
  const { opening } = state.commitment as Commitment
  const loaded = saidBy(state, { type: 'loaded', view: opening.view, from })
  if (loaded !== undefined) return { kind: 'loaded', wire: loaded.bytes }
  const { id, view, value } = state.commit.decision as NonNullable<RoundState['commit']['decision']>
  const proven = {
    phase: 'precommit',
    instance: 'commit',
    round: state.round,
    view,
    id: fromString(id, 'hex'),
  } as const
  const shown = said(state, 'certificate').find(({ body }) => same(body.value, value))
  const precommits = collectProof(messagesIn(state.messages), proven, quorum) ?? shown?.body.precommits ?? []
  return { kind: 'certificate', value, precommits }
}

/** The audit's sums are the true ones; whoever signed for others is shown. */
export function audited(turn: Turn, { sid, sums, evidence }: Extract<RoundOutput, { kind: 'audit' }>): void {
  const { state } = turn
  if (state.commitment?.opening.sidHex !== sid) return
  const hashes = sums.map(hex)
  const chunks = filledChunks(state.commitment.opening)
  turn.state = {
    ...state,
    audited: new Map(chunks.map(({ index }, at) => [index, hashes[at] as string])),
    sums: new Map([...state.sums, ...hashes.map(hash => [hash, true] as const)]),
  }
  for (const { accused, code, proof } of evidence) blame(turn, { member: accused, code }, proof)
}

/** Contributors of whom neither a fingerprint nor all parts can be had: with the void timer they end the round. */
export function unvouched(state: RoundState, self: Member): Member[] {
  const challenge = state.audited === null ? challengeOf(state) : undefined
  if (challenge === undefined || state.commitment === null) return []
  const { opening } = state.commitment
  const held = state.phases.get(opening.view)?.held
  const mismatch = state.flags.has(`mismatch:${hex(challenge)}`)
  return opening.members.filter(member => {
    // our own parts are in our own masked vector
    if (member === self) return false
    if (!mismatch && fingerprintOf(state, { challenge, member }) !== undefined) return false
    return filledChunks(opening).some(({ index }) => !held?.has(`${index}/${member}`))
  })
}

/** With all sums and fingerprints in hand: the opened vector, the optimizer step, the checkpoint, as one job. */
export function applyRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null || state.outcome !== null) return
  const sums = sumHashes(state)
  if (sums === undefined || !sums.every(hash => state.sums.has(hash))) return
  const { opening } = state.commitment
  const session = sessionOf(opening, context)
  const job = { kind: 'apply', round: state.round, session, sums } as const
  if (state.audited !== null) {
    if (once(turn, 'apply:audited')) turn.effects.push({ type: 'compute', job: { ...job, fingerprints: null } })
    return
  }
  const challenge = challengeOf(state)
  if (challenge === undefined) return
  const all = opening.members.map(member => fingerprintOf(state, { challenge, member }))
  if (!all.every(one => one !== undefined) || !once(turn, `apply:${hex(challenge)}`)) return
  turn.effects.push({ type: 'compute', job: { ...job, fingerprints: { challenge, sums: all } } })
}
