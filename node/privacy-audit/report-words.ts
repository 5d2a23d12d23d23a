/** Numbers and observers of an audit's report, in words. @module */

import type { CanaryFinding } from './canary.ts'

/** The measured noise, as a clause of a sentence. */
export function noiseText({ noise, statisticsNoise }: Pick<CanaryFinding, 'noise' | 'statisticsNoise'>): string {
  const said =
    noise === null
      ? 'the noise was not measured, on so few numbers'
      : `the noise is ${noise.toFixed(3)} of what the study says`
  return statisticsNoise === null ? said : `${said}, that of the statistics ${statisticsNoise.toFixed(3)}`
}

/** A number of things, in words. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** A share as a percentage with three significant digits. */
export function percent(share: number): string {
  return `${significant(100 * share)} %`
}

/** A number with three significant digits. */
export function significant(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** A number with fixed digits, a typographic minus sign, and no minus before zero. */
export function fixed(value: number, digits = 2): string {
  return value
    .toFixed(digits)
    .replace(/^-(?=0\.?0*$)/, '')
    .replace('-', '−')
}
