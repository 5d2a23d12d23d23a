/**
 * A lower bound on ε from one rehearsal. Coins decide which gradient canaries are included; an attacker who sees every
 * opened sum and knows all other records guesses which were, and too many right guesses refute the claim (Steinke,
 * Nasr, Jagielski, NeurIPS 2023; gradients as canaries: Nasr et al., USENIX Security 2023). Where every record is in
 * every round, the claim is that of a Gaussian mechanism, and the test of Mahloujifar, Melis, Chaudhuri (2024) is
 * sharper.
 *
 * A bound below the claim is no proof of privacy; one above it disproves the claim. Where records are sampled, the
 * general bound has little power, so the noise itself is measured too, which only a rehearsal can.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { type AuditFinding, auditScores, gaussianOneRunEpsilon } from '../../crypto/accounting/one-run-audit.ts'
import { RandomReader } from '../../crypto/rng.ts'
import { plannedEpsilons } from '../../protocols/study/epsilons.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import type { RoundKind } from '../../protocols/study/round-kind.ts'
import { trainingRounds } from '../../protocols/study/rounds.ts'
import { CLIP_MARGIN } from '../training/per-example-clipping.ts'
import { poissonSample } from '../training/sampler.ts'
import { type RehearsalInit, type RehearsedRound, rehearse, sigmaOf } from './rehearsal.ts'

export const CANARIES_DEFAULT = 1000
/** Probability that an audit refutes an honest study, over all its bounds together. */
export const SIGNIFICANCE = 0.01

/** The attacker: everyone who sees the model, or the tolerated colluders, who know their own noise. */
export type AttackView = 'model' | 'colluding'

/** The result of one observer's guesses, with the ε that the study claims against this observer. */
export interface CanaryFinding {
  readonly observer: AttackView
  readonly claimed: number
  /** holds for any (ε, δ)-private run */
  readonly general: AuditFinding
  /** for the claimed Gaussian mechanism; null where records are sampled, since then no Gaussian is claimed */
  readonly gaussian: AuditFinding | null
  /** the larger lower bound */
  readonly epsilon: number
  readonly exceeded: boolean
  /** deviation of the noise unknown to this observer, over the study's; null: too few words to measure */
  readonly noise: number | null
  /** the same for the statistics, in studies that have them */
  readonly statisticsNoise: number | null
  /** whether the lower bound is above the claim, or the noise is below it */
  readonly refuted: boolean
}

export interface CanaryAudit {
  readonly canaries: number
  readonly included: number
  readonly rounds: number
  readonly hospitals: number
  readonly findings: readonly CanaryFinding[]
}

/** With fewer words the noise is not measured. */
const NOISE_WORDS_MIN = 200
/** Standard errors by which measured noise must be below the claim to refute it: by chance once in 10⁹. */
const NOISE_ERRORS = 6

/** Numbers of guesses, as shares of the canaries; fixed before any score is seen. */
const GUESSED_SHARES = [0.02, 0.05, 0.1, 0.2, 0.4, 1]

/**
 * Rehearses a study with canaries at its first hospital.
 *
 * @param canaries  their number, at most half the model's dimension: each has a coordinate and a coin of its own
 * @throws as `rehearse`
 */
export function auditCanaries(init: RehearsalInit, { canaries = CANARIES_DEFAULT } = {}): CanaryAudit {
  const { document, parts, rng } = init
  assert(noiseModeOf(document.privacy).isPrivate, 'a claim is audited')
  const { clippingNorm, sampleRate } = document.privacy
  const { dimension } = planStudy(document)
  const count = Math.min(canaries, Math.floor(dimension / 2))
  const coordinates = drawCoordinates({ dimension, count }, init)
  const coins = new RandomReader(rng, count)
  const included = Array.from({ length: count }, () => coins.uniformBelow(2) === 1)
  const members = included.flatMap((isIn, canary) => (isIn ? [canary] : []))
  const views = viewsOf(init, coordinates)
  rehearse({
    ...init,
    plant: sum => {
      for (const at of poissonSample(members.length, sampleRate, rng)) {
        sum[coordinates[members[at]!]!]! += CLIP_MARGIN * clippingNorm
      }
    },
    watch: round => {
      for (const { see } of views) see(round)
    },
  })
  // a canary is at one hospital, whatever number the study makes its promise for
  const epsilons = plannedEpsilons(document, { contributors: parts.length, copies: 1 })
  const isGaussian = sampleRate === SAMPLE_RATE_ONE
  const significance = SIGNIFICANCE / (views.length * (isGaussian ? 2 : 1))
  const findings = views.map(view => {
    const { observer, evidence } = view
    const claimed = epsilons[observer]
    return findingOf(
      { observer, claimed, evidence, included, noise: view.noise(), statisticsNoise: view.statisticsNoise() },
      { significance, delta: document.privacy.delta, isGaussian },
    )
  })
  return {
    canaries: count,
    included: members.length,
    rounds: trainingRounds(document),
    hospitals: parts.length,
    findings,
  }
}

function drawCoordinates(
  { dimension, count }: { dimension: number; count: number },
  { rng }: Pick<RehearsalInit, 'rng'>,
): Uint32Array {
  const reader = new RandomReader(rng, Math.max(1, Math.min(count, 1024)))
  const order = Uint32Array.from({ length: dimension }, (_, at) => at)
  for (let at = 0; at < count; at++) {
    const other = at + reader.uniformBelow(dimension - at)
    ;[order[at], order[other]] = [order[other]!, order[at]!]
  }
  return order.slice(0, count)
}

interface View {
  readonly observer: AttackView
  /** each canary's log-likelihood ratio of being included */
  readonly evidence: Float64Array
  see(round: RehearsedRound): void
  /** noise measured on the coordinates without a canary */
  noise(): Measured | null
  /** noise measured on the statistics */
  statisticsNoise(): Measured | null
}

/** A measured deviation over the study's, and its standard error. */
interface Measured {
  readonly ratio: number
  readonly error: number
}

/** Sums squares of values that should be noise of a known variance. */
class NoiseMeter {
  readonly #variance: number
  #squares = 0
  #words = 0

  constructor(variance: number) {
    this.#variance = variance
  }

  add(value: number): void {
    this.#squares += value * value
    this.#words += 1
  }

  measured(): Measured | null {
    if (this.#words < NOISE_WORDS_MIN) return null
    const ratio = Math.sqrt(this.#squares / this.#words / this.#variance)
    return { ratio, error: Math.sqrt(1 / (2 * this.#words)) }
  }
}

function viewsOf({ document, parts }: RehearsalInit, coordinates: Uint32Array): View[] {
  const { clippingNorm, colluders, sampleRate } = document.privacy
  const step = planStudy(document).fixedPoint.scale * CLIP_MARGIN * clippingNorm
  const varianceOf = (kind: RoundKind, known: number) =>
    (parts.length - known) * sigmaOf(document, parts.length, kind) ** 2
  const rate = sampleRate / SAMPLE_RATE_ONE
  const canaryAt = new Map([...coordinates].map((at, canary) => [at, canary]))
  const view = (observer: AttackView, known: number): View => {
    const evidence = new Float64Array(coordinates.length)
    const variance = varianceOf('training', known)
    const meterOf = (kind: RoundKind) => new NoiseMeter(varianceOf(kind, known))
    const meters = {
      training: meterOf('training'),
      statistics: meterOf('statistics'),
      evaluation: meterOf('evaluation'),
      table: meterOf('table'),
    }
    const see = ({ kind, sum, clear, noise }: RehearsedRound): void => {
      // the last hospitals collude, the first has the canaries
      const own = noise.slice(parts.length - known)
      sum.forEach((word, at) => {
        const rest = own.reduce((value, words) => value - words[at]!, word - clear[at]!)
        const canary = kind === 'training' ? canaryAt.get(at) : undefined
        if (canary !== undefined) evidence[canary]! += logLikelihoodRatio(rest, { step, variance, rate })
        else meters[kind].add(rest)
      })
    }
    return {
      ...{ observer, evidence, see },
      noise: () => meters.training.measured(),
      statisticsNoise: () => meters.statistics.measured(),
    }
  }
  return [view('model', 0), view('colluding', colluders)]
}

/** ln of the ratio of two densities: a sampled step plus noise, and noise alone. */
function logLikelihoodRatio(
  value: number,
  { step, variance, rate }: { step: number; variance: number; rate: number },
): number {
  const whole = (step * (value - step / 2)) / variance
  // above 700 exp would overflow, and the largest term dominates the sum anyway
  return rate === 1 || whole > 700 ? whole + Math.log(rate) : Math.log1p(rate * Math.expm1(whole))
}

interface Seen {
  readonly observer: AttackView
  readonly claimed: number
  readonly evidence: Float64Array
  readonly included: readonly boolean[]
  readonly noise: Measured | null
  readonly statisticsNoise: Measured | null
}

function findingOf(
  { observer, claimed, evidence, included, noise, statisticsNoise }: Seen,
  { significance, delta, isGaussian }: { significance: number; delta: number; isGaussian: boolean },
): CanaryFinding {
  // the surest guesses first, whether "in" or "out"
  const scores = evidence.map(Math.abs)
  const isRight = included.map((isIn, canary) => evidence[canary]! > 0 === isIn)
  const counts = [...new Set(GUESSED_SHARES.map(share => Math.ceil(share * included.length)))]
  const terms = { counts, significance, delta }
  const general = auditScores({ scores, included: isRight }, terms)
  const gaussian = isGaussian
    ? auditScores({ scores, included: isRight }, { ...terms, bound: gaussianOneRunEpsilon })
    : null
  const epsilon = Math.max(general.epsilon, gaussian?.epsilon ?? 0)
  const isSmall = [noise, statisticsNoise].some(each => each !== null && each.ratio < 1 - NOISE_ERRORS * each.error)
  const exceeded = epsilon > claimed
  return {
    ...{ observer, claimed, general, gaussian, epsilon, exceeded, refuted: exceeded || isSmall },
    noise: noise?.ratio ?? null,
    statisticsNoise: statisticsNoise?.ratio ?? null,
  }
}
