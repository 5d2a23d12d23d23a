/** Owners whose sums are not the sums of what they hold. @module */

import { sha256 } from '../../crypto/hash.ts'
import { hex } from '../../protocols/immutable.ts'
import type { RoundOutput } from '../../protocols/secure-sum/jobs.ts'
import type { AdversaryIo } from '../world/adversary.ts'
import type { Random } from '../world/random.ts'
import { defineScript } from './script.ts'

type Sum = Extract<RoundOutput, { kind: 'sum' }>

/** The bytes of a sum that its owner holds. */
export function sumBytes({ hash }: Sum, { hospital }: AdversaryIo): Uint8Array {
  return hospital.vault.sum(hex(hash)) as Uint8Array
}

/** Puts other bytes in a sum's place: whoever pulls them by their hash gets them. */
export function replaceSum(sum: Sum, bytes: Uint8Array, { hospital }: AdversaryIo): Sum {
  const hash = sha256(bytes)
  hospital.vault.putSum(hospital.state.round, hex(hash), bytes)
  return { ...sum, hash }
}

/** One word changed by a little, or all of them. */
function altered(bytes: Uint8Array, { random, all }: { random: Random; all: boolean }): Uint8Array {
  const copy = bytes.slice()
  const at = 4 * random.below(copy.length / 4)
  for (let i = 0; i < copy.length; i++) if (all || i === at) copy[i] = copy[i]! + 1 + random.below(255)
  return copy
}

/** A sum with one word changed, or all. The fingerprints do not fit, everybody adds up again, and shows what it signed. */
export const FALSE_SUM = defineScript(
  { name: 'false-sum', guilt: { code: 'false-sum', evidence: 'false-sum' } },
  (random, lied) => {
    const all = random.chance(0.3)
    return {
      output: (_job, output, io) => {
        if (output.kind !== 'sum') return output
        lied(io)
        return replaceSum(output, altered(sumBytes(output, io), { random, all }), io)
      },
    }
  },
)

/** A sum with too few or too many words, or none at all: an honest hash of something that is no sum of a chunk. */
export const WRONG_LENGTH_SUM = defineScript(
  { name: 'wrong-length-sum', guilt: { code: 'false-sum', evidence: 'false-sum' } },
  (random, lied) => {
    const change = random.pick([-4, -1, 1, 4, 4096, Number.NEGATIVE_INFINITY])
    return {
      output: (_job, output, io) => {
        if (output.kind !== 'sum') return output
        lied(io)
        const honest = sumBytes(output, io)
        const bytes = new Uint8Array(Math.max(0, honest.length + change))
        bytes.set(honest.subarray(0, bytes.length))
        return replaceSum(output, bytes, io)
      },
    }
  },
)
