/** Time of the accountant: the first epsilon, one more round, and the noise for a target epsilon. @module */

import { epsilonOf, noiseMultiplierFor } from '../../crypto/accounting/accountant.ts'
import { rdpEpsilon } from '../../crypto/accounting/rdp.ts'

export interface AccountantRow {
  readonly sampleRate: number
  readonly noiseMultiplier: number
  readonly steps: number
  readonly epsilon: number
  /** epsilon by Rényi accounting over `epsilon` */
  readonly rdpRatio: number
  readonly firstMs: number
  /** median of ten further rounds */
  readonly nextMs: number
  readonly searchMs: number
}

const DELTA = 1e-5
const NEXT = 10

const MECHANISMS = [
  { sampleRate: 0.04, noiseMultiplier: 1.5, steps: 10_000 },
  { sampleRate: 0.1, noiseMultiplier: 2, steps: 10_000 },
  { sampleRate: 0.01, noiseMultiplier: 1, steps: 10_000 },
  { sampleRate: 0.001, noiseMultiplier: 0.6, steps: 10_000 },
  { sampleRate: 1, noiseMultiplier: 50, steps: 10_000 },
  { sampleRate: 0.1, noiseMultiplier: 1.787, steps: 120 },
]

function timed<Result>(run: () => Result): { result: Result; ms: number } {
  const start = performance.now()
  const result = run()
  return { result, ms: performance.now() - start }
}

export function benchAccountant(): AccountantRow[] {
  // the first of all pays for the compiler
  epsilonOf([{ sampleRate: 0.02, noiseMultiplier: 1, steps: 50 }], DELTA)
  return MECHANISMS.map(mechanism => {
    const { sampleRate, steps } = mechanism
    const { result: epsilon, ms: firstMs } = timed(() => epsilonOf([mechanism], DELTA))
    const next = Array.from({ length: NEXT }, (_, more) => {
      return timed(() => epsilonOf([{ ...mechanism, steps: steps - NEXT + more }], DELTA)).ms
    }).sort((a, b) => a - b)
    const { ms: searchMs } = timed(() => noiseMultiplierFor({ sampleRate, steps, delta: DELTA, epsilon }))
    const rdpRatio = rdpEpsilon({ ...mechanism, delta: DELTA }) / epsilon
    return { ...mechanism, epsilon, rdpRatio, firstMs, nextMs: next[NEXT / 2]!, searchMs }
  })
}
