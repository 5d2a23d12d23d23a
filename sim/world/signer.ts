/**
 * Signatures for simulated worlds: a keyed hash of the same size as an Ed25519 signature, a hundred times as fast. Nobody
 * without the key can make one, and the verifier, which knows all keys, is part of the world and not of any hospital.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { type Envelope, seal } from '../../crypto/envelope.ts'
import { peerOfPublicKey, type Signer } from '../../crypto/signature.ts'
import type { Random } from './random.ts'

/** All signers of one world, and the check of what they sign. */
export interface Keyring {
  /** ascending by id, as a roster is */
  readonly signers: readonly Signer[]
  verify(envelope: Envelope): boolean
}

const nameOf = (id: Uint8Array): string => Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')

function createSigner(random: Random): Signer {
  const key = new Uint8Array(32)
  const publicKey = new Uint8Array(32)
  random.fill(key)
  random.fill(publicKey)
  return {
    id: peerOfPublicKey(publicKey),
    sign: bytes => new Uint8Array(createHash('sha512').update(key).update(bytes).digest()),
  }
}

/** Draws so many signers. */
export function createKeyring(count: number, random: Random): Keyring {
  const signers = Array.from({ length: count }, () => createSigner(random))
  signers.sort((a, b) => Buffer.compare(a.id, b.id))
  const byId = new Map(signers.map(signer => [nameOf(signer.id), signer]))

  return {
    signers,
    verify({ body, signer: id, signature }) {
      const signer = byId.get(nameOf(id))
      return signer !== undefined && Buffer.compare(seal(signer, body).signature, signature) === 0
    },
  }
}
