/**
 * A lower bound on ε from one run. A fair coin includes or excludes each canary, an auditor guesses which are included,
 * and more right guesses than an (ε, δ)-private run allows refute the claim (Steinke, Nasr, Jagielski, NeurIPS 2023).
 * The test of Mahloujifar, Melis, Chaudhuri (2024) is sharper, for runs that claim a Gaussian's whole trade-off curve.
 *
 * @module
 */

import { requireInteger, requireReal } from '../check.ts'
import { gaussianMu, logNormal, normalQuantile } from './normal.ts'

/** The outcome of an auditor's guesses. */
export interface Guesses {
  /** m: canaries, each in or out by a fair coin */
  readonly canaries: number
  /** r: canaries guessed to be in; the auditor abstains on the others */
  readonly guesses: number
  /** v: guesses that were right */
  readonly correct: number
}

export interface AuditTerms {
  /** largest probability that the bound exceeds the true ε */
  readonly significance: number
  readonly delta: number
}

const CANARIES_MAX = 1 << 20
const EPSILON_MAX = 1e4
const EPSILON_TOLERANCE = 1e-7

function requireGuesses({ canaries, guesses, correct }: Guesses): void {
  requireInteger(canaries, { min: 1, max: CANARIES_MAX }, 'canaries')
  requireInteger(guesses, { min: 0, max: canaries }, 'guesses')
  requireInteger(correct, { min: 0, max: guesses }, 'correct')
}

function requireTerms({ significance, delta }: AuditTerms): void {
  requireReal(significance, { min: 1e-12, max: 0.5 }, 'significance')
  requireReal(delta, { min: 0, max: 1 }, 'delta')
}

/** P[Binomial(n, p) = k] for k = 0 … n. */
function binomial(n: number, p: number): Float64Array {
  const logs = new Float64Array(n + 1)
  const odds = Math.log(p) - Math.log1p(-p)
  for (let k = 1; k <= n; k++) logs[k] = logs[k - 1]! + Math.log((n - k + 1) / k) + odds
  const largest = logs.reduce((max, log) => Math.max(max, log), Number.NEGATIVE_INFINITY)
  const weights = logs.map(log => Math.exp(log - largest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / total)
}

/**
 * A bound on the probability of at least `correct` right guesses in an (ε, δ)-private run: Steinke et al., Thm. 5.2.
 *
 * @throws CryptoError `out-of-range`
 */
export function oneRunProbability(made: Guesses, { epsilon, delta }: { epsilon: number; delta: number }): number {
  requireGuesses(made)
  const { canaries, guesses, correct } = made
  // the accuracy of randomised response
  const accuracy = 1 / (1 + Math.exp(-epsilon))
  const probability = accuracy === 1 ? new Float64Array(guesses + 1).fill(1, guesses) : binomial(guesses, accuracy)
  let atLeast = 0
  for (let k = guesses; k >= correct; k--) atLeast += probability[k]!
  let [below, worst] = [0, 0]
  for (let i = 1; i <= correct; i++) {
    below += probability[correct - i]!
    worst = Math.max(worst, below / i)
  }
  return Math.min(1, atLeast + 2 * canaries * delta * worst)
}

/**
 * The largest ε that these guesses refute; 0 when they refute none.
 *
 * @throws CryptoError `out-of-range`
 */
export function oneRunEpsilon(made: Guesses, terms: AuditTerms): number {
  requireTerms(terms)
  const { significance, delta } = terms
  return largestRefuted(epsilon => oneRunProbability(made, { epsilon, delta }) < significance)
}

/** The largest ε that is refuted, by bisection: smaller ones are refuted too, larger ones are not. */
function largestRefuted(refutes: (epsilon: number) => boolean): number {
  if (!refutes(0)) return 0
  let [low, high] = [0, 1]
  while (refutes(high) && high < EPSILON_MAX) [low, high] = [high, 2 * high]
  while (high - low > EPSILON_TOLERANCE) {
    const middle = (low + high) / 2
    if (refutes(middle)) low = middle
    else high = middle
  }
  return low
}

/**
 * The largest refuted ε for runs that claim to be no worse than the Gaussian that is (ε, δ)-private (Mahloujifar et
 * al., Algorithm 3). It does not apply to a run that claims only (ε, δ).
 *
 * @throws CryptoError `out-of-range`
 */
export function gaussianOneRunEpsilon(made: Guesses, terms: AuditTerms): number {
  requireGuesses(made)
  requireTerms(terms)
  return largestRefuted(epsilon => refutesGaussian(made, terms, gaussianMu(epsilon, terms.delta)))
}

function refutesGaussian({ canaries, guesses, correct }: Guesses, { significance }: AuditTerms, mu: number): boolean {
  // the inverse of 1 − f, for the Gaussian's trade-off curve f: the smallest error of a test with a given power
  const curve = (error: number) => Math.exp(logNormal(normalQuantile(Math.min(1, error)) - mu))
  let right = (significance * correct) / canaries
  let wrong = (significance * (guesses - correct)) / canaries
  for (let k = correct - 1; k >= 0; k--) {
    const next = Math.max(wrong, curve(right))
    if (next === wrong) break
    right = Math.min(1, right + (k / (guesses - k)) * (next - wrong))
    wrong = next
  }
  return right + wrong - guesses / canaries > 0
}

/** The guesses with the highest lower bound, and that bound. */
export interface AuditFinding extends Guesses {
  /** exceeds the ε of a private run with a probability of at most `significance` */
  readonly epsilon: number
}

/**
 * Guesses that the canaries with the highest scores were in. Tries each number of guesses in `counts` and returns the
 * best; the significance is divided equally among them (Bonferroni).
 *
 * @param scores    one for each canary; a higher score means likelier in
 * @param included  whether it was in
 * @param counts    numbers of guesses, chosen before the scores were seen
 * @param bound     `oneRunEpsilon` or, for runs that claim a Gaussian, `gaussianOneRunEpsilon`
 */
export function auditScores(
  { scores, included }: { scores: ArrayLike<number>; included: ArrayLike<boolean> },
  {
    counts,
    significance,
    delta,
    bound = oneRunEpsilon,
  }: AuditTerms & { counts: readonly number[]; bound?: (made: Guesses, terms: AuditTerms) => number },
): AuditFinding {
  const canaries = scores.length
  const order = Array.from({ length: canaries }, (_, at) => at).sort((a, b) => scores[b]! - scores[a]!)
  const share = significance / counts.length
  let best: AuditFinding = { canaries, guesses: 0, correct: 0, epsilon: 0 }
  for (const guesses of counts.filter(count => count <= canaries)) {
    const correct = order.slice(0, guesses).filter(at => included[at]).length
    const epsilon = bound({ canaries, guesses, correct }, { significance: share, delta })
    if (epsilon > best.epsilon) best = { canaries, guesses, correct, epsilon }
  }
  return best
}
