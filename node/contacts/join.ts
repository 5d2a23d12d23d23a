/**
 * The four messages by which an invitation is used: the joiner names it, each side proves that it has its key, then they
 * tell each other who they are.
 *
 * @module
 */

import { fromString } from 'uint8arrays/from-string'
import { hex } from '../../protocols/immutable.ts'
import type { Channel } from '../network/channel.ts'
import { type Book, joined, type Refusal, type TakenInvitation, useInvitation, whyRefused } from './book.ts'
import { invitationId } from './invitation.ts'
import {
  CONTACT_BYTES_MAX,
  type cardOf,
  decodeChallenge,
  decodeProven,
  decodeWelcome,
  encodeContact,
  type FirstMessage,
  introducedOf,
  refusalIn,
} from './message.ts'
import { CONTACT_NONCE_BYTES, isJoinProof, joinProof } from './proof.ts'

export interface JoinParts {
  /** base58btc PeerId of this node */
  readonly self: string
  readonly card: ReturnType<typeof cardOf>
  readonly random: (bytes: number) => Uint8Array
  /** ms since 1970 */
  readonly now: () => number
  readonly change: (change: (known: Book) => Book) => Promise<Book>
}

interface JoinRequest {
  readonly peer: string
  readonly first: Extract<FirstMessage, { kind: 'join' }>
  readonly book: Book
}

const WHY: Readonly<Record<Refusal | 'busy', { readonly reason: string; readonly final: boolean }>> = {
  unknown: { reason: 'the other hospital does not know this invitation', final: true },
  expired: { reason: 'the invitation has expired', final: true },
  used: { reason: 'the invitation was used already, by another hospital', final: true },
  revoked: { reason: 'the other hospital took the invitation back', final: true },
  busy: { reason: 'the other hospital is asked by too many at present', final: false },
}

/**
 * Answers a joiner.
 *
 * @returns `wrong`: it does not have the key of any open invitation
 * @throws ProtocolError when it says something else
 */
export async function acceptJoin(
  channel: Channel,
  { peer, first, book }: JoinRequest,
  { self, card, random, now, change }: JoinParts,
): Promise<'joined' | 'wrong' | 'refused'> {
  const refuse = async (refused: Refusal) => {
    await channel.writeFrame(encodeContact({ refused }))
    return refused === 'unknown' ? ('wrong' as const) : ('refused' as const)
  }
  const id = hex(first.invitation)
  const invitation = book.given.find(one => one.id === id)
  const refused = whyRefused(invitation, peer, now())
  if (invitation === undefined || refused !== undefined) return await refuse(refused ?? 'unknown')
  const key = fromString(invitation.key, 'base16')
  const nonce = random(CONTACT_NONCE_BYTES)
  const transcript = { inviter: self, joiner: peer, inviterNonce: nonce, joinerNonce: first.nonce }
  await channel.writeFrame(encodeContact({ nonce, proof: joinProof(key, 'inviter', transcript) }))
  const proven = decodeProven(await channel.readFrame(CONTACT_BYTES_MAX))
  if (!isJoinProof(proven.proof, joinProof(key, 'joiner', transcript))) return await refuse('unknown')
  let late: Refusal | undefined
  await change(known => {
    // another joiner, or the operator, may have been faster
    late = whyRefused(
      known.given.find(one => one.id === id),
      peer,
      now(),
    )
    return late === undefined ? useInvitation(known, id, introducedOf(peer, proven.card), now()) : known
  })
  if (late !== undefined) return await refuse(late)
  await channel.writeFrame(encodeContact({ card }))
  return 'joined'
}

/**
 * Uses an invitation.
 *
 * @returns why the other side refuses, and whether that is for good; undefined: both know each other now
 * @throws ProtocolError when it says something else
 */
export async function requestJoin(
  channel: Channel,
  { peer, key: keyText = '' }: TakenInvitation,
  { self, card, random, now, change }: JoinParts,
): Promise<{ readonly reason: string; readonly final: boolean } | undefined> {
  const key = fromString(keyText, 'base16')
  const nonce = random(CONTACT_NONCE_BYTES)
  const invitation = fromString(invitationId(key), 'base16')
  await channel.writeFrame(encodeContact({ kind: 'join', invitation, nonce }))
  const answer = await channel.readFrame(CONTACT_BYTES_MAX)
  const refused = refusalIn(answer)
  if (refused !== undefined) return reasonOf(refused)
  const challenge = decodeChallenge(answer)
  const transcript = { inviter: peer, joiner: self, inviterNonce: challenge.nonce, joinerNonce: nonce }
  if (!isJoinProof(challenge.proof, joinProof(key, 'inviter', transcript))) {
    return { reason: 'the node that answers has not given this invitation', final: true }
  }
  await channel.writeFrame(encodeContact({ proof: joinProof(key, 'joiner', transcript), card }))
  const last = await channel.readFrame(CONTACT_BYTES_MAX)
  const late = refusalIn(last)
  if (late !== undefined) return reasonOf(late)
  const welcome = decodeWelcome(last)
  await change(known => joined(known, introducedOf(peer, welcome.card), now()))
  return undefined
}

function reasonOf(refused: string): { readonly reason: string; readonly final: boolean } {
  return Object.hasOwn(WHY, refused) ? WHY[refused as Refusal] : WHY.unknown
}
