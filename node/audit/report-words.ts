/** Numbers and observers of an audit's report, in words. @module */

import { observerWords } from '../observer.ts'
import type { Observer } from './canary.ts'

export function observedBy(observer: Observer, colluders: number): string {
  return observer === 'model' ? 'everyone who sees the model' : observerWords(colluders).colluding
}

/** A share as a percentage of three digits. */
export function percent(share: number): string {
  return `${significant(100 * share)} %`
}

/** Three significant digits, and no exponent. */
export function significant(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** A number of some digits, with a minus sign that is one. */
export function fixed(value: number, digits = 2): string {
  return value
    .toFixed(digits)
    .replace(/^-(?=0\.?0*$)/, '')
    .replace('-', '−')
}
