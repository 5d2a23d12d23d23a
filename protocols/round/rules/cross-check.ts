/** Recomputes all sums when fingerprints or owners disagree, and blames the members whose claims are false. @module */

import { fromString } from 'uint8arrays/from-string'
import { collectProof } from '../../agreement/proof.ts'
import { hex, same } from '../../immutable.ts'
import type { Binding } from '../../messages/evidence.ts'
import type { Member } from '../../roster/roster.ts'
import type { Claims, RoundOutput } from '../../secure-sum/jobs.ts'
import { filledChunks } from '../../session/chunks.ts'
import { blame } from '../blame.ts'
import { chunkClaims, holdsParts, isDisputed, selfKeys } from '../chunk-sums.ts'
import type { StepContext } from '../context.ts'
import { sessionOf } from '../data-phase.ts'
import { saidBy } from '../facts.ts'
import { askFingerprint, challengeOf, fingerprintOf } from '../fingerprints.ts'
import { messagesIn } from '../message-table.ts'
import { mismatchUnder, RECOMPUTE } from '../once.ts'
import { type Commitment, type RoundState, said } from '../state.ts'
import { done, ended, once, schedule, type Turn } from '../transition.ts'

/**
 * Computes the fingerprint of a contributor that fell silent after its release, and recomputes everything when the
 * fingerprints do not fit the sums, or two owners claim different sums of a chunk.
 */
export function crossCheckRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null || state.outcome !== null || state.recomputedSums !== null) return
  if (isDisputed(state) && selfKeys(state) !== undefined) recompute(turn)
  const challenge = challengeOf(state)
  if (challenge === undefined) return
  const { opening } = state.commitment
  if (done(state, mismatchUnder(hex(challenge)))) return recompute(turn)
  const silent = opening.members.filter(member => fingerprintOf(state, { challenge, member }) === undefined)
  if (silent.length === 0) return
  schedule(turn, { kind: 'cross-check', challenge: hex(challenge) }, context.timing.resendAfterMs)
  if (!ended(state, { kind: 'cross-check', challenge: hex(challenge) })) return
  for (const member of silent) {
    if (member === context.self) continue
    const parts = filledChunks(opening).map(({ index }) => ({ chunk: index, member }))
    if (holdsParts(turn, parts)) askFingerprint(turn, { challenge, member })
  }
}

/** Requests the recomputation of all sums and fingerprints from all parts. */
function recompute(turn: Turn): void {
  const { opening } = turn.state.commitment as Commitment
  const parts = filledChunks(opening).flatMap(({ index }) => opening.members.map(member => ({ chunk: index, member })))
  if (!holdsParts(turn, parts) || !once(turn, RECOMPUTE)) return
  const { state, context } = turn
  const session = sessionOf(opening, context)
  const keys = selfKeys(state) as ReadonlyMap<Member, Uint8Array>
  turn.effects.push({
    type: 'compute',
    job: { kind: 'recompute', round: state.round, session, selfKeys: keys, claims: claimsOf(state, context) },
  })
}

/** All signed claims of this session. */
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

/** The message that fixes an owner's manifests: its own LOADED, else the certificate of the decision. */
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

/** Adopts the recomputed sums, and blames the members that signed others. */
export function recomputeDone(turn: Turn, { sid, sums, evidence }: Extract<RoundOutput, { kind: 'recompute' }>): void {
  const { state } = turn
  if (state.commitment?.opening.sidHex !== sid) return
  const hashes = sums.map(hex)
  const chunks = filledChunks(state.commitment.opening)
  turn.state = {
    ...state,
    recomputedSums: new Map(chunks.map(({ index }, at) => [index, hashes[at] as string])),
    sums: new Map([...state.sums, ...hashes.map(hash => [hash, true] as const)]),
  }
  for (const { accused, code, proof } of evidence) blame(turn, { member: accused, code }, proof)
}
