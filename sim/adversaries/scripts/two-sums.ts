/** An owner that claims two sums of one chunk. @module */

import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import { about, tellTwo } from '../messages.ts'
import { defineScript } from '../script.ts'

/** Sends the right CHUNK-SUM to some and a wrong one to others, and serves both; a receiver of both accepts neither. */
export const TWO_SUMS = defineScript(
  { name: 'two-sums', guilt: { code: 'equivocation', evidence: 'equivocation' } },
  (random, lied) => ({
    intercept: (effect, io) => {
      const sum = about(effect, 'chunk-sum', io)
      if (effect.type !== 'publish' || sum === undefined) return [effect]
      const { vault } = io.hospital
      const wrong = (vault.sum(hex(sum.hash)) as Uint8Array).map(byte => byte ^ 1)
      const hash = sha256(wrong)
      vault.putSum(sum.round, hex(hash), wrong)
      lied(io)
      tellTwo(io, random, [effect.bytes, io.sign({ ...sum, hash })])
      return []
    },
  }),
)
