/** Owners that publish wrong sums of their chunks. @module */

import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import type { RoundOutput } from '../../../protocols/secure-sum/jobs.ts'
import type { AdversaryIo } from '../../world/adversary.ts'
import type { Random } from '../../world/random.ts'
import { defineScript } from '../script.ts'

type Sum = Extract<RoundOutput, { kind: 'sum' }>

/** The bytes of a sum that its owner holds. */
function sumBytes({ hash }: Sum, { hospital }: AdversaryIo): Uint8Array {
  return hospital.vault.sum(hex(hash)) as Uint8Array
}

/** Replaces a sum by other bytes, which are served under their own hash. */
function replaceSum(sum: Sum, bytes: Uint8Array, { hospital }: AdversaryIo): Sum {
  const hash = sha256(bytes)
  hospital.vault.putSum(hospital.state.round, hex(hash), bytes)
  return { ...sum, hash }
}

/** Changes one word slightly, or all words. */
function altered(bytes: Uint8Array, { random, all }: { random: Random; all: boolean }): Uint8Array {
  const copy = bytes.slice()
  const at = 4 * random.below(copy.length / 4)
  for (let i = 0; i < copy.length; i++) if (all || i === at) copy[i] = copy[i]! + 1 + random.below(255)
  return copy
}

/** A sum with wrong words. The fingerprints do not match, so all hospitals add up again and prove the lie. */
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

/** A sum with too few or too many words, or none: the right hash of bytes that are no sum of a chunk. */
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
