/**
 * The honest-implementation battery: what the promise of privacy rests on, measured on sums that were opened as the
 * product opens them. Each check says what is wrong, in a sentence, or nothing.
 *
 * @module
 */

import { GUESSING_CHECKS } from './guessing-checks.ts'
import { NOISE_CHECKS } from './noise-checks.ts'
import type { Check } from './opening.ts'
import { PATIENT_CHECKS } from './patient-checks.ts'
import { RECORD_CHECKS } from './record-checks.ts'
import { SAMPLING_CHECKS } from './sampling-checks.ts'

export const BATTERY: readonly Check[] = [
  ...NOISE_CHECKS,
  ...RECORD_CHECKS,
  ...PATIENT_CHECKS,
  ...SAMPLING_CHECKS,
  ...GUESSING_CHECKS,
]
