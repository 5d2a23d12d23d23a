/** Contributors whose FINGERPRINT is not that of their vector. @module */

import type { RoundJob, RoundOutput } from '../../protocols/secure-sum/jobs.ts'
import type { Random } from '../world/random.ts'
import { defineScript } from './script.ts'

/** One byte changed, of our own fingerprint: the one that will be published. */
function altered(job: RoundJob, output: RoundOutput, random: Random): RoundOutput | undefined {
  if (output.kind !== 'fingerprint' || job.kind !== 'fingerprint' || output.member !== job.session.self) {
    return undefined
  }
  const at = random.below(output.sums.length)
  return { ...output, sums: output.sums.with(at, (output.sums[at]! + 1 + random.below(255)) & 255) }
}

/**
 * Makes right sums look wrong. Everybody adds up again from everybody's masked chunks, goes on with what comes out, and
 * shows the fingerprint to be false.
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
 * The same, and then it serves no masked chunk to anybody. The chunk that it owns itself nobody else has, so nobody can
 * add up again: VOID, which names it, and nothing is proven, for a lost line looks the same.
 */
export const HIDDEN_PART = defineScript({ name: 'hidden-part', guilt: null }, (random, lied) => ({
  output: (job, output, io) => {
    const lie = altered(job, output, random)
    if (lie !== undefined) lied(io)
    return lie ?? output
  },
  serve: wanted => (wanted.kind === 'chunk' ? null : undefined),
}))
