/** An owner that withholds its sum. @module */

import { defineScript } from '../script.ts'

/**
 * Sends no CHUNK-SUM, or one whose bytes it does not serve. Silence proves nothing; the next owner requests that chunk
 * from the contributors again and adds it up itself.
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
