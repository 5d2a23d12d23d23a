/**
 * A deterministic Rng for tests: one AES-256-CTR keystream per seed, so a statistical test is reproducible.
 *
 * @module
 */

import { type Cipher, createCipheriv, createHash } from 'node:crypto'
import type { Rng } from '../../crypto/rng.ts'

/** Two calls with one seed give the same stream; its position lives in the returned function. */
export function seededRng(seed: string): Rng {
  const key = createHash('sha256').update(seed).digest()
  const cipher: Cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  return target => target.set(cipher.update(new Uint8Array(target.length)))
}

/** `count` bytes of a seed's stream. */
export function seededBytes(seed: string, count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  seededRng(seed)(bytes)
  return bytes
}
