/**
 * Ed25519 signatures (RFC 8032) of peers that are identified by raw PeerIds. The id of an Ed25519 key is the identity
 * multihash of the key's protobuf, so it contains the public key itself (libp2p peer-ids specification).
 *
 * @module
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { requireLength } from './check.ts'
import { CryptoError } from './errors.ts'
import { isSoundPublicKey } from './public-key.ts'

export const SEED_BYTES = 32
const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
export const PEER_ID_BYTES = 38
/** Most cached parsed keys: far more than the hospitals of a study, and a bound on the keys of unknown peers. */
const KEYS_MAX = 1024

/** identity multihash (0x00), 36 bytes, protobuf: key type (field 1) Ed25519, data (field 2) of 32 bytes */
const PEER_ID_HEADER = Uint8Array.from([0x00, 0x24, 0x08, 0x01, 0x12, 0x20])
// DER headers of RFC 8410
const PKCS8_HEADER = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32])
const SPKI_HEADER = Uint8Array.from([48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0])

const keys = new Map<string, KeyObject>()

/** Signs as one peer. The simulator supplies its own implementation. */
export interface Signer {
  /** raw PeerId, 38 bytes */
  readonly id: Uint8Array
  /** @returns 64 bytes */
  sign(bytes: Uint8Array): Uint8Array
}

/**
 * A signer from its seed.
 *
 * @param seed   32 random bytes, the private key of RFC 8032
 * @throws CryptoError `length-mismatch`
 */
export function createSigner(seed: Uint8Array): Signer {
  requireLength(seed, SEED_BYTES, 'Ed25519 seed')
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_HEADER, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    id: peerOfPublicKey(new Uint8Array(spki.subarray(SPKI_HEADER.length))),
    sign: bytes => new Uint8Array(sign(null, bytes, privateKey)),
  }
}

/**
 * The raw PeerId of a public key.
 *
 * @throws CryptoError `length-mismatch`
 */
export function peerOfPublicKey(publicKey: Uint8Array): Uint8Array {
  requireLength(publicKey, PUBLIC_KEY_BYTES, 'Ed25519 public key')
  const id = new Uint8Array(PEER_ID_BYTES)
  id.set(PEER_ID_HEADER)
  id.set(publicKey, PEER_ID_HEADER.length)
  return id
}

/**
 * The public key inside a raw PeerId, 32 bytes.
 *
 * @throws CryptoError `bad-peer-id` when it is not the 38-byte id of an Ed25519 key, or the key is not canonical or of
 *   small order, so that signing needs no secret
 */
export function publicKeyOfPeer(id: Uint8Array): Uint8Array {
  if (id.length !== PEER_ID_BYTES || !PEER_ID_HEADER.every((byte, i) => id[i] === byte)) {
    throw new CryptoError('bad-peer-id', 'not the raw PeerId of an Ed25519 key')
  }
  const key = new Uint8Array(id.subarray(PEER_ID_HEADER.length))
  if (!isSoundPublicKey(key)) {
    throw new CryptoError(
      'bad-peer-id',
      'a PeerId whose key is of small order or not canonical: anybody could sign for it',
    )
  }
  return key
}

/** The parsed key, from a bounded cache: parsing costs as much as a verification. */
function keyOf(id: Uint8Array): KeyObject {
  const name = Buffer.from(id).toString('latin1')
  const cached = keys.get(name)
  if (cached) return cached
  const der = Buffer.concat([SPKI_HEADER, publicKeyOfPeer(id)])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value!)
  keys.set(name, key)
  return key
}

/**
 * Whether `signature` is the peer's over exactly `bytes`. Malformed input from a peer gives false, never an exception.
 */
export function verifySignature(id: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false
  try {
    return verify(null, bytes, keyOf(id), signature)
  } catch {
    return false
  }
}
