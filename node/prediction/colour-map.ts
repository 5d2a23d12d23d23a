/**
 * Viridis: equal steps of a value look equally large, in grey print and to those who confuse colours too.
 *
 * @module Smith, van der Walt, Firing, https://bids.github.io/colormap/ (CC0); fitted by polynomials of degree 6, Zucker,
 * https://www.shadertoy.com/view/WlfXRN (CC0)
 */

const TERMS: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
  [0.1050930431085774, 1.404613529898575, 1.384590162594685],
  [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
  [-4.634230498983486, -5.799100973351585, -19.33244095627987],
  [6.228269936347081, 14.17993336680509, 56.69055260068105],
  [4.776384997670288, -13.74514537774601, -65.35303263337234],
  [-5.435455855934631, 4.645852612178535, 26.3124352495832],
]

/** The sRGB colour of a value of 0 to 1, each part 0 to 255. */
export function colourOf(value: number): [red: number, green: number, blue: number] {
  const at = Math.min(Math.max(value, 0), 1)
  const part = (index: 0 | 1 | 2): number => {
    const sum = TERMS.reduceRight((total, term) => total * at + term[index], 0)
    return Math.round(255 * Math.min(Math.max(sum, 0), 1))
  }
  return [part(0), part(1), part(2)]
}
