/**
 * The context of every step: the constants of a study and of our membership in it.
 *
 * @module
 */

import { type Envelope, seal } from '../../crypto/envelope.ts'
import type { Signer } from '../../crypto/signature.ts'
import { remember } from '../immutable.ts'
import { encodeEnvelope, type MessageContext } from '../messages/messages.ts'
import { rememberingVerifier } from '../messages/verifier.ts'
import { createRoster, type Member, OUTSIDE, peerString, type Roster } from '../roster/roster.ts'
import { studyIdOf } from '../study/document.ts'
import { affordableRounds } from '../study/epsilons.ts'
import { type Dimensions, dimensionsOf, planStudy } from '../study/plan.ts'
import { quorumOf } from '../study/quorum.ts'
import { lastRound } from '../study/rounds.ts'
import type { StudyDocument, Timing } from '../study/types.ts'

/** The constants of a study, its current roster and our rank in it. `contextAt` derives them for another roster. */
export interface StepContext extends MessageContext {
  readonly document: StudyDocument
  /** version 0 of the roster */
  readonly founding: Roster
  /** our PeerId */
  readonly peer: string
  /** our rank, or `OUTSIDE` while the roster does not name us */
  readonly self: Member
  /** seals one of our own bodies; deterministic (Ed25519), so a step stays a function */
  readonly seal: (body: Uint8Array) => Uint8Array
  readonly quorum: number
  readonly faulty: number
  readonly contributorsMin: number
  /** words of an update, by kind of round */
  readonly dimensions: Dimensions
  /** words of the longest update, from which limits follow */
  readonly dimension: number
  /** number of the last round */
  readonly rounds: number
  readonly timing: Timing
  /** PeerIds of hospitals without which we do not contribute */
  readonly require: readonly string[]
  /** rounds of training that the stricter of the study's and our own privacy cap allows, after paying for statistics and evaluations */
  readonly chargesMax: number
}

/**
 * Builds the context of one peer's steps, at version 0 of the roster.
 *
 * @param requiredPeers PeerIds without which this peer does not contribute
 * @param chargesMax    rounds of training that the privacy budget allows; by default under the study's cap alone
 */
export function createContext({
  document,
  signer,
  requiredPeers = [],
  chargesMax = affordableRounds(document),
  verify = rememberingVerifier(),
}: {
  document: StudyDocument
  signer: Signer
  requiredPeers?: readonly string[]
  chargesMax?: number | undefined
  verify?: (envelope: Envelope) => boolean
}): StepContext {
  const founding = createRoster(document.hospitals)
  const plan = planStudy(document)
  const peer = peerString(signer.id)
  return {
    document,
    study: studyIdOf(document),
    founding,
    roster: founding,
    verify,
    peer,
    self: founding.ranks.get(peer) ?? OUTSIDE,
    seal: body => encodeEnvelope(seal(signer, body)),
    quorum: plan.quorum,
    faulty: plan.faulty,
    contributorsMin: plan.contributorsMin,
    ...dimensionsOf(plan),
    rounds: lastRound(document),
    timing: document.timing,
    require: requiredPeers,
    chargesMax,
  }
}

/** The context under another version of the roster. */
export function contextAt(context: StepContext, roster: Roster): StepContext {
  return roster === context.roster ? context : amended(context, roster)
}

const amended = remember((context: StepContext, roster: Roster): StepContext => {
  const { document, peer } = context
  const { quorum, faulty } = quorumOf({ hospitals: roster.hospitals.length, profile: document.profile })
  return { ...context, roster, self: roster.ranks.get(peer) ?? OUTSIDE, quorum, faulty }
})
