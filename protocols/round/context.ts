/**
 * What a study and our place in it fix for every step.
 *
 * @module
 */

import { type Envelope, seal, verifyEnvelope } from '../../crypto/envelope.ts'
import { sha256 } from '../../crypto/hash.ts'
import { pldEpsilon } from '../../crypto/pld.ts'
import type { Signer } from '../../crypto/signature.ts'
import { remember } from '../memo.ts'
import type { StepContext } from '../ports.ts'
import { createRoster, OUTSIDE, peerString, type Roster } from '../roster/roster.ts'
import { type StudyDocument, studyIdOf } from '../study/document.ts'
import { chargedSteps, dimensionsOf, planStudy, quorumOf } from '../study/plan.ts'
import { encodeEnvelope } from './messages.ts'

/** Signatures that were verified lately are remembered: a READY comes back inside every OPEN. */
const VERIFIED_MAX = 4096

/** Rounds of training whose charge, and that of the statistics before, stays within the study's and a stricter local cap. */
export function affordableRounds(document: StudyDocument, epsilonMax = Infinity): number {
  const { rounds, privacy } = document
  const { delta, epsilon, noise } = privacy
  if (noise === 'off') return rounds
  const cap = Math.min(epsilon, epsilonMax)
  const fits = (some: number) => pldEpsilon(chargedSteps(document, some), { delta }) <= cap
  // by far the most often: all
  if (fits(rounds)) return rounds
  let [fit, over] = [0, rounds]
  while (over - fit > 1) {
    const middle = Math.floor((fit + over) / 2)
    if (fits(middle)) fit = middle
    else over = middle
  }
  return fit
}

/** A signature check that remembers the last envelopes that passed. */
export function rememberingVerifier(): (envelope: Envelope) => boolean {
  const seen = new Set<string>()
  return envelope => {
    const key = Buffer.from(sha256(envelope.body, envelope.signer, envelope.signature)).toString('latin1')
    if (seen.has(key)) return true
    if (!verifyEnvelope(envelope)) return false
    if (seen.size >= VERIFIED_MAX) seen.delete(seen.values().next().value as string)
    seen.add(key)
    return true
  }
}

/**
 * Builds the context of one peer's steps, at version 0 of the roster.
 *
 * @param requiredPeers PeerIds without which this peer does not contribute
 * @param chargesMax    rounds of training that the privacy budget pays for; by default by the study's own cap alone
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
  chargesMax?: number
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
    rounds: document.rounds,
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
