/** Invitations given and taken by an operator, whether the node runs or not: the running node reads the book again. @module */

import { networkInterfaces } from 'node:os'
import { hex } from '../../protocols/immutable.ts'
import type { NodeConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { give, INVITATIONS_MAX, revoke, take } from './book.ts'
import { changeBook } from './book-file.ts'
import { INVITATION_SECRET_BYTES, type Invitation, invitationId, invitationKey, writeInvitation } from './invitation.ts'

const HOUR_MS = 3600_000
export const INVITATION_HOURS_DEFAULT = 7 * 24
export const INVITATION_HOURS_MAX = 90 * 24

export interface InviteChoices {
  readonly peer: string
  readonly addresses: readonly string[]
  readonly hours: number
  /** whom it is for, for the operator's own list */
  readonly note?: string | undefined
  /** ms since 1970 */
  readonly now: number
  readonly random: (bytes: number) => Uint8Array
}

/**
 * Makes an invitation and keeps its key, not its secret.
 *
 * @returns its text and its id
 * @throws OperatorError `no-address`, `too-many-invitations` (exit code 2), or as `changeBook`
 */
export async function invite(
  folder: string,
  { peer, addresses, hours, note, now, random }: InviteChoices,
): Promise<{ text: string; id: string; expires: number }> {
  const secret = random(INVITATION_SECRET_BYTES)
  const expires = Math.floor((now + hours * HOUR_MS) / 1000) * 1000
  const text = writeInvitation({ peer, secret, expires, addresses })
  const key = invitationKey(secret)
  const id = invitationId(key)
  await changeBook(folder, book => {
    const next = give(book, { id, key: hex(key), created: now, expires, ...(note !== undefined && { note }) })
    if (next !== undefined) return next
    throw new OperatorError('too-many-invitations', `${INVITATIONS_MAX} invitations are open already`, {
      hint: 'See them with "confrere invite --list", and take some back with "confrere invite --revoke ID".',
      exitCode: EXIT.usage,
    })
  })
  return { text, id, expires }
}

/** Takes an invitation back. @throws OperatorError `unknown-invitation`, exit code 2 */
export async function revokeInvitation(folder: string, id: string): Promise<void> {
  await changeBook(folder, book => {
    const next = revoke(book, id)
    if (next !== undefined) return next
    throw new OperatorError('unknown-invitation', `No open invitation has the id ${JSON.stringify(id.slice(0, 40))}`, {
      hint: '"confrere invite --list" shows the ids.',
      exitCode: EXIT.usage,
    })
  })
}

/**
 * Remembers an invitation of another hospital for the node to use.
 *
 * @throws OperatorError `invitation-expired`, `invitation-own`; exit code 2
 */
export async function takeInvitation(
  folder: string,
  { peer, secret, expires, addresses }: Invitation,
  { self, now }: { self: string; now: number },
): Promise<void> {
  requireUsable({ expires }, now)
  if (peer === self) {
    throw new OperatorError('invitation-own', 'This hospital itself has given this invitation', {
      hint: 'Send it to another hospital, which joins with it.',
      exitCode: EXIT.usage,
    })
  }
  const key = hex(invitationKey(secret))
  await changeBook(folder, book => take(book, { peer, key, addresses: addresses.slice(0, 8), taken: now, expires }))
}

/** @throws OperatorError `invitation-expired`, exit code 2 */
export function requireUsable({ expires }: Pick<Invitation, 'expires'>, now: number): void {
  if (now < expires) return
  throw new OperatorError('invitation-expired', `The invitation has expired, at ${new Date(expires).toISOString()}`, {
    hint: 'Ask the other hospital for a new one; if it is new, set the clock of this machine.',
    exitCode: EXIT.usage,
  })
}

/**
 * Addresses under which others reach a node with this config: those that it announces, else those that it listens on,
 * with this machine's own addresses where it listens on all of them.
 *
 * @param added by the operator, the first to be tried
 */
export function ownAddresses({ network }: Pick<NodeConfig, 'network'>, added: readonly string[] = []): string[] {
  const said = network.announce.length > 0 ? network.announce : network.listen.flatMap(expandAddress)
  const known = said.filter(address => !/\/(tcp|udp)\/0(\/|$)/.test(address))
  const isLocal = (address: string) => /^\/ip[46]\/(127\.|::1\/)/.test(address)
  return [...new Set([...added, ...known.filter(one => !isLocal(one)), ...known.filter(isLocal)])]
}

function expandAddress(address: string): string[] {
  const [, family, rest] = /^\/(ip4\/0\.0\.0\.0|ip6\/::)(\/.*)$/.exec(address) ?? []
  if (family === undefined || rest === undefined) return [address]
  const wanted = family.startsWith('ip4') ? 'IPv4' : 'IPv6'
  return Object.values(networkInterfaces())
    .flatMap(found => found ?? [])
    .filter(found => found.family === wanted && !found.address.startsWith('fe80'))
    .map(found => `/${family.slice(0, 3)}/${found.address}${rest}`)
}
