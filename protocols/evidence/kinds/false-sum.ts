/**
 * A CHUNK-SUM against the sum of exactly P's chunks: all masked chunks are added up again. Showing them is safe, because
 * their masks were released, and their signers' commitments fix them.
 *
 * @module
 */

import { sha256 } from '../../../crypto/hash.ts'
import type { Chunk } from '../../../crypto/layout.ts'
import { verifyPath } from '../../../crypto/merkle.ts'
import { fromBytes, toBytes, WORD_BYTES } from '../../../crypto/ring.ts'
import { addUnmasked } from '../../../crypto/zero-sum-masks.ts'
import { checkProof } from '../../agreement/proof.ts'
import { same } from '../../immutable.ts'
import { decodeCommitValue } from '../../messages/commit-value.ts'
import type { Binding, EvidenceOf } from '../../messages/evidence.ts'
import type { BodyOf, Message } from '../../messages/messages.ts'
import { valueId } from '../../messages/result-value.ts'
import { chunkAt, chunksOf, filledChunks, loadedDigest } from '../../session/chunks.ts'
import { demand, type EvidenceContext, type EvidenceKind } from '../judge.ts'
import {
  belongs,
  openAs,
  openContribution,
  openSession,
  type SignedContribution,
  type SignedSession,
} from '../signed-session.ts'

export const FALSE_SUM: EvidenceKind<EvidenceOf<'false-sum'>> = {
  judge(evidence, context) {
    const session = openSession(evidence.open, context)
    const { opening } = session
    const sum = openAs(evidence.sum, 'chunk-sum', context)
    demand(belongs(session, sum.body), 'a CHUNK-SUM of another session')
    const chunk = chunkOf(sum, session)
    const { members } = opening
    const { manifests, releases, parts } = evidence
    const counts = [manifests.length, releases.length, parts.length]
    demand(
      counts.every(count => count === members.length),
      'not one MANIFEST, RELEASE and chunk for each contributor',
    )
    const contributions = members.map((member, at) => {
      const pair = { manifest: manifests[at] as Uint8Array, release: releases[at] as Uint8Array }
      const contribution = openContribution(pair, session, context)
      demand(contribution.from === member, 'contributors out of order')
      return contribution
    })
    checkBinding(evidence.bound, { sum, session, contributions }, context)
    const count = filledChunks(opening).length
    const masked = contributions.map(({ manifest, selfKey }, at) => {
      const { words, path } = parts[at] as (typeof parts)[number]
      demand(words.length === chunk.words * WORD_BYTES, 'a chunk of another length')
      const leaf = { root: manifest.body.root, leaf: sha256(words), index: chunk.index, count, path }
      demand(verifyPath(leaf), 'a chunk that is not what its manifest commits to')
      return { masked: fromBytes(words), selfKey }
    })
    const hash = sha256(toBytes(addUnmasked(masked, chunk.start)))
    demand(!same(hash, sum.body.hash), 'the sum is right')
    return { accused: sum.from, code: 'false-sum' }
  },

  deed(evidence, context) {
    const { round } = openAs(evidence.sum, 'chunk-sum', context).body
    return (
      `reported a false sum in round ${round}: adding up again what the contributors had signed for gives another ` +
      'one. Had it been believed, the model would have become something that no hospital trained.'
    )
  },
}

/** The chunk of a CHUNK-SUM, determined by the sender's place among the owners and the attempt. */
function chunkOf(sum: Message<BodyOf<'chunk-sum'>>, { opening }: SignedSession): Chunk {
  const { owners } = opening
  const place = owners.indexOf(sum.from)
  demand(place >= 0, 'a CHUNK-SUM by somebody who owns no chunk')
  const index = chunkAt(owners.length, place, sum.body.attempt)
  const chunk = filledChunks(opening).find(filled => filled.index === index)
  demand(chunk !== undefined, 'a CHUNK-SUM of an empty chunk')
  return chunk
}

/** Shows that the owner knew the session by exactly these manifests. */
function checkBinding(
  bound: Binding,
  of: { sum: Message<BodyOf<'chunk-sum'>>; session: SignedSession; contributions: readonly SignedContribution[] },
  context: EvidenceContext,
): void {
  const { sum, session, contributions } = of
  const { opening, round } = session
  const hashes = contributions.map(({ manifest }) => manifest.hash)
  if (bound.kind === 'loaded') {
    const loaded = openAs(bound.wire, 'loaded', context)
    demand(
      loaded.from === sum.from && belongs(session, loaded.body),
      'a LOADED by somebody else, or of another session',
    )
    demand(same(loaded.body.digest, loadedDigest(opening.sid, hashes)), 'the owner loaded other manifests')
    return
  }
  // the owner's own message comes first: a quorum of liars could contradict it
  demand(chunksOf(opening, sum.from).length === 0, 'an owner with a chunk of its own has signed a LOADED')
  const [first] = bound.precommits
  demand(first !== undefined, 'a certificate without votes')
  const { view } = openAs(first, 'precommit', context).body
  const id = valueId(bound.value)
  checkProof(bound.precommits, { phase: 'precommit', instance: 'commit', round, view, id }, context)
  const value = decodeCommitValue(bound.value)
  demand(same(value.open, opening.hash) && value.manifests.length === hashes.length, 'a certificate of another session')
  demand(
    value.manifests.every((hash, at) => same(hash, hashes[at] as Uint8Array)),
    'a certificate of other manifests',
  )
}
