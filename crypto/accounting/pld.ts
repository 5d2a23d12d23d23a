/**
 * Privacy-loss-distribution accountant of the Poisson-subsampled Gaussian: ε at δ for any number of steps of one or
 * several mechanisms. The result is never below the true ε and at most 0.5 % above it (0.0005 where ε is below 0.1).
 *
 * Chooses the discretisation step: tries coarse grids first and refines until the grid raises ε by at most the share
 * `GRID_EXCESS_MAX`. The excess of a coarse grid predicts the step of the next one.
 *
 * @module
 */

import { requireInteger, requireReal } from '../check.ts'
import { DIRECTIONS, type Direction, deltaOfStep, type LossRange, lossWidth } from './gaussian-loss.ts'
import { epsilonOn, type Fit, gridOf, type OnGrid } from './loss-sum.ts'
import { remembering } from './memo.ts'
import { type Mechanism, requireMechanism } from './mixture.ts'

/** Steps of one mechanism. */
export interface Steps extends Mechanism {
  /** T ≥ 0 */
  readonly steps: number
}

export const PLD_STEPS_MAX = 10_000_000

/** Target for the discretisation error, as a share of ε. */
const GRID_EXCESS = 2e-5
/** A grid with a larger discretisation error than this share of ε is refined. */
const GRID_EXCESS_MAX = 5e-4
/** Largest error, as a share of ε, of a coarse grid that predicts the final grid. */
const COARSE_EXCESS_MAX = 0.1
/** Points of one step's distribution on the first coarse grid, about. */
const COARSE_POINTS = 1 << 13
/** Largest factor between the steps of two successive grids. */
const STEP_RATIO_MAX = 64
/** Most points of one step's distribution; a grid that would need more is made coarser. */
const POINTS_MAX = 1 << 18
/** Share of δ that each truncated tail may hold, over all steps. */
const TAIL_SHARE = 3e-5
/** A loss above about CAP_FACTOR·ε + CAP_MARGIN counts as infinite: the other losses do not bring the sum near ε. */
const CAP_FACTOR = 4
/** The constant term of that cap. */
const CAP_MARGIN = 24
/** No truncation that matters: for a grid step that the caller gives. */
const WHOLE: LossRange = { tail: 1e-28, cap: 1e9 }

/**
 * ε at δ of all these steps together: the larger one of both directions.
 *
 * @param delta    of (0, 1)
 * @param lossStep the discretisation step; by default one that hardly raises ε
 * @throws CryptoError `out-of-range`
 */
export function pldEpsilon(
  all: readonly Steps[],
  { delta, lossStep }: { delta: number; lossStep?: number | undefined },
): number {
  requireReal(delta, { min: 1e-100, max: 1 - Number.EPSILON }, 'delta')
  for (const { steps, ...mechanism } of all) {
    requireInteger(steps, { min: 0, max: PLD_STEPS_MAX }, 'steps')
    requireMechanism(mechanism)
  }
  const some = all.filter(({ steps }) => steps > 0)
  if (some.length === 0) return 0
  // the total variation distance of independent steps is at most the sum of theirs
  const apart = DIRECTIONS.map(way => some.reduce((sum, one) => sum + one.steps * deltaOfStep(one, way, 0), 0))
  if (Math.max(...apart) <= delta) return 0
  const [only] = some
  if (some.length === 1 && only!.steps === 1 && lossStep === undefined) return epsilonOfStep(only!, delta)
  return DIRECTIONS.reduce((known, direction) => epsilonIn(direction, some, { delta, lossStep, known }), 0)
}

/** ε of one step, by bisection of its exact δ. */
function epsilonOfStep(mechanism: Mechanism, delta: number): number {
  const exceeds = (epsilon: number) => DIRECTIONS.some(direction => deltaOfStep(mechanism, direction, epsilon) > delta)
  if (!exceeds(0)) return 0
  let high = 1
  while (exceeds(high)) high *= 2
  let low = 0
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2
    if (exceeds(middle)) low = middle
    else high = middle
  }
  return high
}

/** ε in a direction, or `known` (the other direction's) where that is larger. */
function epsilonIn(
  direction: Direction,
  all: readonly Steps[],
  { delta, lossStep, known }: { delta: number; lossStep: number | undefined; known: number },
): number {
  if (lossStep !== undefined) {
    const fit = { ...WHOLE, step: lossStep }
    return Math.max(known, settled(direction, all, { delta, fit, excessMax: Number.POSITIVE_INFINITY }).epsilon)
  }
  // step counts are rounded up to powers of two: the grid then changes so rarely that ε, computed after each round,
  // grows with the rounds
  const rounded = all.map(one => ({ ...one, steps: 2 ** Math.ceil(Math.log2(one.steps)) }))
  const tail = powerOfTwoBelow((TAIL_SHARE * delta) / rounded.reduce((sum, { steps }) => sum + steps, 0))
  const { epsilon, fit } = prediction(direction, rounded, { delta, tail })
  if (epsilon <= known) return known
  return Math.max(known, settled(direction, all, { delta, fit, excessMax: GRID_EXCESS_MAX }).epsilon)
}

interface Settled extends OnGrid {
  readonly fit: Fit
}

/** ε on the first grid whose error is at most the share `excessMax` of ε, or on the finest grid within the limits. */
function settled(
  direction: Direction,
  all: readonly Steps[],
  { delta, fit, excessMax }: { delta: number; fit: Fit; excessMax: number },
): Settled {
  let widest = 0
  for (;;) {
    const kinds = all.map(({ steps, ...mechanism }) => ({ grid: gridOf(mechanism, direction, fit), steps }))
    const found = epsilonOn(kinds, fit.step, delta)
    if (found === undefined) {
      widest = fit.step * 2
      fit = { ...fit, step: widest }
      continue
    }
    const finer = better({ ...found, fit }, all, direction)
    if (found.excess <= excessMax * found.epsilon || Math.max(finer.step, widest) >= fit.step) return { ...found, fit }
    fit = { ...finer, step: Math.max(finer.step, widest) }
  }
}

/** A bound on ε from coarse grids, and the grid that they predict for the final computation. */
const prediction = remembering(
  16,
  (direction: Direction, all: readonly Steps[], { delta, tail }: { delta: number; tail: number }) => {
    const range = { ...WHOLE, tail }
    const step = powerOfTwoBelow(widthOf(all, direction, range) / COARSE_POINTS)
    const coarse = settled(direction, all, { delta, fit: { ...range, step }, excessMax: COARSE_EXCESS_MAX })
    return { epsilon: coarse.epsilon, fit: better(coarse, all, direction) }
  },
)

const powerOfTwoBelow = (value: number): number => 2 ** Math.floor(Math.log2(value))

function widthOf(all: readonly Steps[], direction: Direction, range: LossRange): number {
  return Math.max(...all.map(mechanism => lossWidth(mechanism, direction, range)))
}

/** The grid whose predicted error is GRID_EXCESS: the error falls with the square of the step. */
function better({ epsilon, excess, fit }: Settled, all: readonly Steps[], direction: Direction): Fit {
  const cap = Math.min(fit.cap, 2 * powerOfTwoBelow(CAP_FACTOR * epsilon + CAP_MARGIN))
  const range = { tail: fit.tail, cap }
  const finest = (2 * widthOf(all, direction, range)) / POINTS_MAX
  const ratio = excess > 0 ? Math.sqrt((GRID_EXCESS * epsilon) / excess) : 1
  const step = fit.step * Math.min(STEP_RATIO_MAX, Math.max(1 / STEP_RATIO_MAX, ratio))
  return { ...range, step: powerOfTwoBelow(Math.max(step, finest)) }
}
