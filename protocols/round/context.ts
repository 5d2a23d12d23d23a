/**
 * What a study and our place in it fix for every step.
 *
 * @module
 */

import { type Envelope, seal, verifyEnvelope } from '../../crypto/envelope.ts'
import { ProtocolError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { rdpSubsampledGaussian, rdpToEpsilon } from '../../crypto/rdp.ts'
import type { Signer } from '../../crypto/signature.ts'
import type { StepContext } from '../ports.ts'
import { createRoster, memberOf } from '../roster/roster.ts'
import { SAMPLE_RATE_ONE } from '../study/constants.ts'
import { type StudyDocument, studyIdOf } from '../study/document.ts'
import { planStudy } from '../study/plan.ts'
import { encodeEnvelope } from './messages.ts'

/** Signatures that were verified lately are remembered: a READY comes back inside every OPEN. */
const VERIFIED_MAX = 4096

/** Rounds whose charge stays within both caps: the study's own epsilon, and a stricter local one. */
export function affordableRounds(document: StudyDocument, epsilonMax = Infinity): number {
  const { sampleRate, noiseMultiplier, delta, epsilon, noise } = document.privacy
  if (noise === 'off') return document.rounds
  const cap = Math.min(epsilon, epsilonMax)
  const rdp = rdpSubsampledGaussian({ sampleRate: sampleRate / SAMPLE_RATE_ONE, noiseMultiplier })
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
 * Builds the context of one peer's steps.
 *
 * @param requiredPeers PeerIds without which this peer does not contribute
 * @param epsilonMax    the local cap, which can only be stricter than the study's
 * @throws ProtocolError `not-in-roster` when the signer, or a required peer, has no place in the study
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
  const roster = createRoster(document.hospitals)
  const self = memberOf(roster, signer.id)
  const plan = planStudy(document)
  if (self === undefined) throw new ProtocolError('not-in-roster', 'this peer is not in the roster of the study')
  const require = requiredPeers.map(peer => {
    const member = roster.ranks.get(peer)
    if (member !== undefined) return member
    throw new ProtocolError('not-in-roster', `the required hospital ${peer} is not in the roster of the study`)
  })
  return {
    study: studyIdOf(document),
    roster,
    verify,
    self,
    seal: body => encodeEnvelope(seal(signer, body)),
    quorum: plan.quorum,
    faulty: plan.faulty,
    contributorsMin: plan.contributorsMin,
    dimension: plan.dimension,
    rounds: document.rounds,
    timing: document.timing,
    require,
    chargesMax: affordableRounds(document, epsilonMax),
  }
}
