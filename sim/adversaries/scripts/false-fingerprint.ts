/** Contributors that publish a FINGERPRINT of another vector. @module */

import type { RoundJob, RoundOutput } from '../../../protocols/secure-sum/jobs.ts'
import type { Random } from '../../world/random.ts'
import { defineScript } from '../script.ts'

/** Changes one byte of our own fingerprint, which will be published. */
function altered(job: RoundJob, output: RoundOutput, random: Random): RoundOutput | undefined {
  if (output.kind !== 'fingerprint' || job.kind !== 'fingerprint' || output.member !== job.session.self) {
    return undefined
  }
  const at = random.below(output.sums.length)
  return { ...output, sums: output.sums.with(at, (output.sums[at]! + 1 + random.below(255)) & 255) }
}

/**
 * Makes right sums look wrong. All hospitals add up again from all masked chunks, continue with that sum, and prove the
 * fingerprint false.
 */
export const FALSE_FINGERPRINT = defineScript(
  { name: 'false-fingerprint', guilt: { code: 'false-fingerprint', evidence: 'false-fingerprint' } },
  (random, lied) => ({
    output: (job, output, io) => {
      const lie = altered(job, output, random)
      if (lie !== undefined) lied(io)
      return lie ?? output
    },
  }),
)

/**
 * The same, and it then serves no masked chunk. No other hospital has the chunk that it owns, so none can add up again:
 * the round is VOID and names it. Nothing is proven, because a cut line looks the same.
 */
export const HIDDEN_PART = defineScript({ name: 'hidden-part', guilt: null }, (random, lied) => ({
  output: (job, output, io) => {
    const lie = altered(job, output, random)
    if (lie !== undefined) lied(io)
    return lie ?? output
  },
  serve: wanted => (wanted.kind === 'chunk' ? null : undefined),
}))
