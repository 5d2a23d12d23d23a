/** An owner that keeps its sum to itself. @module */

import { defineScript } from './script.ts'

/**
 * Says no CHUNK-SUM, or says one that nobody can pull. Silence proves nothing; the next owner asks the contributors for
 * that chunk again and adds it up itself.
 */
export const WITHHELD_SUM = defineScript({ name: 'withheld-sum', guilt: null }, (random, lied) => {
  const said = random.chance(0.5)
  return {
    output: (job, output, io) => {
      if (output.kind !== 'sum') return output
      lied(io)
      return said ? output : { kind: 'failed', job: job.kind, code: 'part-lost', reason: 'a lie' }
    },
    serve: wanted => (wanted.kind === 'sum' ? null : undefined),
  }
})
