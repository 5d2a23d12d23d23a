/**
 * X25519 (RFC 7748). A secret is any 32 random bytes; X25519 itself clamps them.
 *
 * @module
 */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { requireLength } from './check.ts'
import { CryptoError } from './errors.ts'

export const X25519_BYTES = 32

// DER headers of RFC 8410: Node imports raw keys only in DER, and generateKeyPair takes no seed
const PKCS8_HEADER = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32])
const SPKI_HEADER = Uint8Array.from([48, 42, 48, 5, 6, 3, 43, 101, 110, 3, 33, 0])

/** A scalar that tests whether a point has low order. Any one does: after clamping, all are multiples of 8. */
const PROBE = new Uint8Array(X25519_BYTES).fill(1)

/** Most cached answers: each key is checked once in its READY and again inside an OPEN. */
const ANSWERS_MAX = 1024
const answers = new Map<string, boolean>()

function privateKeyOf(secret: Uint8Array): KeyObject {
  const der = Buffer.concat([PKCS8_HEADER, secret])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

/**
 * The public key of a secret.
 *
 * @param secret   32 random bytes
 * @returns 32 bytes, the u coordinate
 * @throws CryptoError `length-mismatch`
 */
export function publicKeyOf(secret: Uint8Array): Uint8Array {
  requireLength(secret, X25519_BYTES, 'X25519 secret')
  const spki = createPublicKey(privateKeyOf(secret)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(SPKI_HEADER.length))
}

/**
 * The shared secret: input for a key derivation, never a key itself.
 *
 * @param secret      32 bytes, our own
 * @param publicKey   32 bytes, the peer's
 * @throws CryptoError `length-mismatch`; `low-order-key` when the result would be zero whatever the secret
 */
export function agree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  requireLength(secret, X25519_BYTES, 'X25519 secret')
  requireLength(publicKey, X25519_BYTES, 'X25519 public key')
  const peer = createPublicKey({ key: Buffer.concat([SPKI_HEADER, publicKey]), format: 'der', type: 'spki' })
  let shared: Uint8Array
  try {
    shared = new Uint8Array(diffieHellman({ privateKey: privateKeyOf(secret), publicKey: peer }))
  } catch (cause) {
    throw new CryptoError('low-order-key', 'the X25519 public key has low order', cause)
  }
  if (shared.every(byte => byte === 0)) {
    throw new CryptoError('low-order-key', 'the X25519 public key has low order')
  }
  return shared
}

/**
 * Whether this key has low order, so that no secret can agree with it. Every validator must give the same answer about
 * a peer's READY.
 *
 * @throws CryptoError `length-mismatch`
 */
export function isLowOrder(publicKey: Uint8Array): boolean {
  requireLength(publicKey, X25519_BYTES, 'X25519 public key')
  const name = Buffer.from(publicKey).toString('latin1')
  const before = answers.get(name)
  if (before !== undefined) return before
  const answer = !agrees(publicKey)
  if (answers.size >= ANSWERS_MAX) answers.delete(answers.keys().next().value!)
  answers.set(name, answer)
  return answer
}

function agrees(publicKey: Uint8Array): boolean {
  try {
    agree(PROBE, publicKey)
    return true
  } catch {
    return false
  }
}
