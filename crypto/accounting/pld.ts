/**
 * Privacy-loss-distribution accountant of the Poisson-subsampled Gaussian: ε at δ of any number of steps, of one or
 * several kinds, never below the truth and at most 0.5 % above it (or 0.0005, where ε is below 0.1).
 *
 * The grid that losses are told apart on is chosen by what it does: each tells by how much it raises ε, coarse ones are
 * tried first, and what they say decides on the next.
 *
 * @module
 */

import { requireInteger, requireReal } from '../check.ts'
import {
  DIRECTIONS,
  type Direction,
  deltaOfStep,
  type LossRange,
  lossWidth,
  type Mechanism,
  requireMechanism,
} from './gaussian-loss.ts'
import { epsilonOn, type Fit, gridOf, type OnGrid } from './loss-sum.ts'
import { remembering } from './memo.ts'

/** Steps of one mechanism. */
export interface Steps extends Mechanism {
  /** T ≥ 0 */
  readonly steps: number
}

export const PLD_STEPS_MAX = 10_000_000

/** A grid is chosen so that it raises ε by about so much of it, … */
const GRID_EXCESS = 2e-5
/** … made finer where it turns out to raise it by more than so much, … */
const GRID_EXCESS_MAX = 5e-4
/** … and may predict a finer one where it raises ε by less than so much. */
const COARSE_EXCESS_MAX = 0.1
/** Points of the coarse grid that the choice starts from, and how much finer or coarser the next one is at most. */
const COARSE_POINTS = 1 << 13
const STEP_RATIO_MAX = 64
/** Points of one step's distribution at most: beyond that the grid is coarser. */
const POINTS_MAX = 1 << 18
/** Of the largest and of the smallest losses, all steps together leave out so much of δ. */
const TAIL_SHARE = 3e-5
/** Losses that even so much of the others' sum, in ε, and this on top do not bring near ε are as good as infinite. */
const CAP_FACTOR = 4
const CAP_MARGIN = 24
/** Nothing is left out of a grid that was asked for. */
const WHOLE: LossRange = { tail: 1e-28, cap: 1e9 }

/**
 * ε of all these steps together at δ, the larger of both directions.
 *
 * @param delta    of (0, 1)
 * @param lossStep distance of the grid's points; by default one that hardly raises ε
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
  // distances of independent steps add up at most
  const apart = DIRECTIONS.map(way => some.reduce((sum, one) => sum + one.steps * deltaOfStep(one, way, 0), 0))
  if (Math.max(...apart) <= delta) return 0
  const [only] = some
  if (some.length === 1 && only!.steps === 1 && lossStep === undefined) return epsilonOfStep(only!, delta)
  return DIRECTIONS.reduce((known, direction) => epsilonIn(direction, some, { delta, lossStep, known }), 0)
}

/** ε of one step, by bisection of the closed form. */
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

/** ε in a direction, or the other direction's where that is known to be larger. */
function epsilonIn(
  direction: Direction,
  all: readonly Steps[],
  { delta, lossStep, known }: { delta: number; lossStep: number | undefined; known: number },
): number {
  if (lossStep !== undefined) {
    const fit = { ...WHOLE, step: lossStep }
    return Math.max(known, settled(direction, all, { delta, fit, excessMax: Number.POSITIVE_INFINITY }).epsilon)
  }
  // numbers of steps are rounded up to powers of two: the grid changes so rarely that ε, asked for after every round,
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

/** ε on the first grid that raises it by at most so much of it, or on the finest that there is room for. */
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

/** A bound on ε, by way of coarse grids, and the grid to have it on. */
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

/** The grid that leaves GRID_EXCESS of an excess, which falls with the square of the step. */
function better({ epsilon, excess, fit }: Settled, all: readonly Steps[], direction: Direction): Fit {
  const cap = Math.min(fit.cap, 2 * powerOfTwoBelow(CAP_FACTOR * epsilon + CAP_MARGIN))
  const range = { tail: fit.tail, cap }
  const finest = (2 * widthOf(all, direction, range)) / POINTS_MAX
  const ratio = excess > 0 ? Math.sqrt((GRID_EXCESS * epsilon) / excess) : 1
  const step = fit.step * Math.min(STEP_RATIO_MAX, Math.max(1 / STEP_RATIO_MAX, ratio))
  return { ...range, step: powerOfTwoBelow(Math.max(step, finest)) }
}
