/**
 * What a study and our place in it fix for every step.
 *
 * @module
 */

import { type Envelope, seal, verifyEnvelope } from '../../crypto/envelope.ts'
import { sha256 } from '../../crypto/hash.ts'
import { rdpSubsampledGaussian, rdpToEpsilon } from '../../crypto/rdp.ts'
import type { Signer } from '../../crypto/signature.ts'
import { remember } from '../memo.ts'
import type { StepContext } from '../ports.ts'
import { createRoster, OUTSIDE, peerString, type Roster } from '../roster/roster.ts'
import { SAMPLE_RATE_ONE } from '../study/constants.ts'
import { type StudyDocument, studyIdOf } from '../study/document.ts'
import { planStudy, quorumOf } from '../study/plan.ts'
import { encodeEnvelope } from './messages.ts'

/** Signatures that were verified lately are remembered: a READY comes back inside every OPEN. */
const VERIFIED_MAX = 4096

/** The last study's price of a round: all peers of one process ask for the same. */
let priced: { sampleRate: number; noiseMultiplier: number; rdp: Float64Array } | undefined

/** What one round costs, by order. */
function rdpOfRound({ privacy: { sampleRate, noiseMultiplier } }: StudyDocument): Float64Array {
  if (priced?.sampleRate !== sampleRate || priced.noiseMultiplier !== noiseMultiplier) {
    const rdp = rdpSubsampledGaussian({ sampleRate: sampleRate / SAMPLE_RATE_ONE, noiseMultiplier })
    priced = { sampleRate, noiseMultiplier, rdp }
  }
  return priced.rdp
}

/** Rounds whose charge stays within both caps: the study's own epsilon, and a stricter local one. */
export function affordableRounds(document: StudyDocument, epsilonMax = Infinity): number {
  const { delta, epsilon, noise } = document.privacy
  if (noise === 'off') return document.rounds
  const cap = Math.min(epsilon, epsilonMax)
  const rdp = rdpOfRound(document)
  const fits = (steps: number) =>
    rdpToEpsilon(
      rdp.map(value => value * steps),
      delta,
    ) <= cap
  let [fit, over] = [0, document.rounds + 1]
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
 * @param epsilonMax    the local cap, which can only be stricter than the study's
 */
export function createContext({
  document,
  signer,
  requiredPeers = [],
  epsilonMax = Infinity,
  verify = rememberingVerifier(),
}: {
  document: StudyDocument
  signer: Signer
  requiredPeers?: readonly string[]
  epsilonMax?: number
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
    dimension: plan.dimension,
    rounds: document.rounds,
    timing: document.timing,
    require: requiredPeers,
    chargesMax: affordableRounds(document, epsilonMax),
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
