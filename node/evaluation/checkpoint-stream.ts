/** Draws of a report's bootstrap: one AES-256-CTR key stream for each checkpoint, so that a report can be made again. @module */

import { createCipheriv, createHash } from 'node:crypto'
import type { Rng } from '../../crypto/rng.ts'

/** @param checkpoint hex of its hash. Not for secrets: everybody who has the model can make the same stream. */
export function checkpointStream(checkpoint: string): Rng {
  const key = createHash('sha256').update(`confrere evaluation ${checkpoint}`).digest()
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  return target => target.set(cipher.update(new Uint8Array(target.length)))
}
