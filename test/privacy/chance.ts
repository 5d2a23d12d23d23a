/**
 * How far chance reaches. Every question of the battery has a false alarm once in a hundred million runs, however many
 * words, groups or pairs it asks at once: all of a run's questions together stay below one in a million.
 *
 * @module
 */

/** Probability that one question finds something where nothing is. */
const FALSE_ALARM = 1e-8

/** Deviations that none of `count` normal values exceeds, by P(|Z| > x) ≤ 2·exp(−x²/2). */
export function deviationsMax(count = 1): number {
  return Math.sqrt(2 * Math.log((2 * count) / FALSE_ALARM))
}

/**
 * Between which values the mean square of `samples` standard normal values lies, in each of `count` groups: Chernoff's
 * bound P(mean ≤ r or ≥ r) ≤ exp(−n/2·(r − 1 − ln r)), which holds for every n.
 */
export function meanSquareRange(samples: number, count = 1): { low: number; high: number } {
  const allowed = (2 * Math.log((2 * count) / FALSE_ALARM)) / samples
  const exceeds = (r: number) => r - 1 - Math.log(r) > allowed
  return {
    low: bisect(0, 1, r => !exceeds(r)),
    high: bisect(1, 2 + 2 * allowed, exceeds),
  }
}

/** Where a condition begins to hold. */
function bisect(from: number, to: number, holds: (value: number) => boolean): number {
  let [low, high] = [from, to]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return (low + high) / 2
}
