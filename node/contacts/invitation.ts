/**
 * An invitation: one line of text by which a hospital finds another one and shows that it was invited. It holds the
 * inviter's peer id and addresses, a secret of 128 bits, and when it ends.
 *
 * `confrere_1_` and the base58btc of: public key (32) ‖ secret (16) ‖ end (u32be, s since 1970) ‖ for each address its
 * length (u8) and its bytes as a binary multiaddr ‖ the first 4 bytes of SHA-256(tag ‖ all before).
 *
 * @module
 */

import { createHmac } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { TAG_CONTACT_INVITATION, TAG_CONTACT_KEY } from '../../crypto/domain.ts'
import { sha256, u32be } from '../../crypto/hash.ts'
import { peerOfPublicKey, publicKeyOfPeer } from '../../crypto/signature.ts'
import { hex } from '../../protocols/immutable.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { parsePeerId, peerIdString } from '../storage/identity.ts'

export const INVITATION_SECRET_BYTES = 16
/** In a mail or a chat it is one line that nothing breaks. */
const INVITATION_CHARACTERS_MAX = 399
const VERSION = '1'
const PREFIX = `confrere_${VERSION}_`
const CHECKSUM_BYTES = 4
const KEY_BYTES = 32
const HEAD_BYTES = KEY_BYTES + INVITATION_SECRET_BYTES + 4
const ID_BYTES = 8

export interface Invitation {
  /** base58btc PeerId of who invites */
  readonly peer: string
  /** 16 bytes */
  readonly secret: Uint8Array
  /** ms since 1970, whole seconds */
  readonly expires: number
  /** multiaddrs without a peer id, the best first */
  readonly addresses: readonly string[]
}

/**
 * The key of an invitation, SHA-256(tag ‖ secret): what the inviter keeps instead of the secret, and what both sides'
 * proofs are made with.
 */
export function invitationKey(secret: Uint8Array): Uint8Array {
  return sha256(TAG_CONTACT_KEY, secret)
}

/** By what the joiner names an invitation, and what the inviter lists: hex of 8 bytes that say nothing of its key. */
export function invitationId(key: Uint8Array): string {
  return hex(createHmac('sha256', key).update(TAG_CONTACT_INVITATION).digest().subarray(0, ID_BYTES))
}

/**
 * The text of an invitation, below 400 characters: the last addresses are left out where they do not fit.
 *
 * @throws OperatorError `no-address` when not even one fits, exit code 2
 */
export function writeInvitation({ peer, secret, expires, addresses }: Invitation): string {
  const head = [publicKeyOfPeer(parsePeerId(peer)), secret, u32be(Math.floor(expires / 1000))]
  const parts = addresses.map(address => bytesOfAddress(address)).filter(bytes => bytes.length < 256)
  for (let count = parts.length; count > 0; count--) {
    const tail = parts.slice(0, count).flatMap(bytes => [Uint8Array.of(bytes.length), bytes])
    const body = Buffer.concat([...head, ...tail])
    const text = PREFIX + bytesToString(Buffer.concat([body, checksumOf(body)]), 'base58btc')
    if (text.length <= INVITATION_CHARACTERS_MAX) return text
  }
  throw new OperatorError('no-address', 'The invitation has no address under which this node can be reached', {
    hint: 'Say --address MULTIADDR, such as /dns4/a.example/tcp/7419, or set network.announce in config.toml.',
    exitCode: EXIT.usage,
  })
}

/**
 * Reads an invitation as it was pasted: spaces, line breaks and quotes in and around it are passed over.
 *
 * @throws OperatorError `invitation-version`, `invitation-damaged`; exit code 2
 */
export function readInvitation(pasted: string): Invitation {
  const text = pasted.replace(/[\s"'`<>\u200b\ufeff]/gu, '')
  const [, version, encoded] = /^confrere_([0-9]{1,4})_(.*)$/s.exec(text) ?? []
  if (version === undefined || encoded === undefined) {
    throw damagedInvitation(`it does not begin with ${PREFIX}`)
  }
  if (version !== VERSION) {
    throw new OperatorError(
      'invitation-version',
      `The invitation is of version ${version}, and this program reads version ${VERSION}`,
      { hint: 'Both hospitals need the same version of confrere: upgrade the older one.', exitCode: EXIT.usage },
    )
  }
  if (text.length > INVITATION_CHARACTERS_MAX) throw damagedInvitation('it is longer than any invitation')
  const bytes = bytesOfText(encoded)
  const body = bytes.subarray(0, -CHECKSUM_BYTES)
  if (
    bytes.length <= HEAD_BYTES + CHECKSUM_BYTES ||
    !Buffer.from(checksumOf(body)).equals(bytes.subarray(-CHECKSUM_BYTES))
  ) {
    throw damagedInvitation('a part of it is missing or mistyped')
  }
  return invitationOf(body)
}

function invitationOf(body: Uint8Array): Invitation {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  try {
    const id = peerOfPublicKey(new Uint8Array(body.subarray(0, KEY_BYTES)))
    publicKeyOfPeer(id)
    return {
      peer: peerIdString(id),
      secret: new Uint8Array(body.subarray(KEY_BYTES, KEY_BYTES + INVITATION_SECRET_BYTES)),
      expires: view.getUint32(HEAD_BYTES - 4) * 1000,
      addresses: addressesOf(body.subarray(HEAD_BYTES)),
    }
  } catch (cause) {
    throw damagedInvitation('its checksum is right, and its content is none', cause)
  }
}

function addressesOf(bytes: Uint8Array): string[] {
  const addresses: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at++] as number
    if (at + length > bytes.length) throw new RangeError('an address ends early')
    addresses.push(multiaddr(bytes.slice(at, at + length)).toString())
    at += length
  }
  return addresses
}

/** Without a peer id at its end: the invitation has that itself. */
function bytesOfAddress(address: string): Uint8Array {
  return new Uint8Array(multiaddr(address.replace(/\/p2p\/[^/]+$/, '')).bytes)
}

function bytesOfText(text: string): Uint8Array {
  try {
    return new Uint8Array(fromString(text, 'base58btc'))
  } catch (cause) {
    throw damagedInvitation('it has characters that no invitation has', cause)
  }
}

function checksumOf(body: Uint8Array): Uint8Array {
  return sha256(TAG_CONTACT_INVITATION, body).subarray(0, CHECKSUM_BYTES)
}

function damagedInvitation(reason: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'invitation-damaged',
    `This is not an invitation as "confrere invite" prints it: ${reason}`,
    {
      hint: `Copy the whole line again, from ${PREFIX} to its end.`,
      exitCode: EXIT.usage,
      cause,
    },
  )
}
