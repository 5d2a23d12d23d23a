/**
 * Which hospital computes which share of a record. At most t hospitals may collude, and they must never hold all shares
 * together.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'

/** Who holds what: places in a list of hospitals, for each share. */
export interface Holding {
  /** `pairs`, `replicated`: two hospitals compute each share; `single`: one, and a wrong answer is not found */
  readonly kind: 'pairs' | 'replicated' | 'single'
  /** for each share, the places of those who hold it */
  readonly holders: readonly (readonly number[])[]
}

/**
 * Assigns shares to the hospitals that answer.
 *
 * `pairs`, from 2(t+1) hospitals on: t+1 shares, each with two hospitals of its own, so t hospitals miss at least one.
 * `replicated`, three hospitals and t = 1: three shares, of which each hospital misses one. `single`: t+1 shares, each
 * with one hospital.
 *
 * @param hospitals number of those that answer
 * @param colluders t
 * @throws ProtocolError `too-few-hospitals` below t+1
 */
export function holdingOf({ hospitals, colluders }: { hospitals: number; colluders: number }): Holding {
  const shares = colluders + 1
  if (hospitals >= 2 * shares) {
    return { kind: 'pairs', holders: Array.from({ length: shares }, (_, share) => [2 * share, 2 * share + 1]) }
  }
  if (hospitals === 3 && colluders === 1) {
    return { kind: 'replicated', holders: [0, 1, 2].map(share => [share, (share + 1) % 3]) }
  }
  if (hospitals < shares) {
    throw new ProtocolError(
      'too-few-hospitals',
      `${hospitals} hospitals answer, and a record is split among at least ${shares}, so that ${colluders} of them together learn nothing`,
    )
  }
  return { kind: 'single', holders: Array.from({ length: shares }, (_, share) => [share]) }
}

/** The shares that a hospital of a holding computes, in their order. */
export function sharesOf({ holders }: Holding, place: number): number[] {
  return holders.flatMap((places, share) => (places.includes(place) ? [share] : []))
}
