/**
 * The deviation of an area under the ROC curve because only so many records were asked (Hanley and McNeil, 1982, of
 * exponential scores).
 *
 * @param area 0 to 1
 */
export function samplingDeviation(area: number, positives: number, negatives: number): number {
  const [p, n] = [Math.max(1, positives), Math.max(1, negatives)]
  const [one, two] = [area / (2 - area), (2 * area ** 2) / (1 + area)]
  const spread = (p - 1) * (one - area ** 2) + (n - 1) * (two - area ** 2)
  return Math.sqrt(Math.max(0, area * (1 - area) + spread) / (p * n))
}
