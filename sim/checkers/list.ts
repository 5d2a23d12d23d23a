/** The list of checkers. A new checker is a new file here and a line below. @module */

import type { CheckerFactory } from '../world/api.ts'
import { BLAME } from './blame.ts'
import { BY_HASH } from './by-hash.ts'
import { CERTIFIED_RELEASE } from './certified-release.ts'
import { CLAMP_BEFORE_NOISE } from './clamp-before-noise.ts'
import { CONTRIBUTORS_FEWEST } from './contributors-fewest.ts'
import { EXACT_SUM } from './exact-sum.ts'
import { EXCLUSION } from './exclusion.ts'
import { FRESH_KEYS } from './fresh-keys.ts'
import { FULL_MASKS } from './full-masks.ts'
import { LOCK } from './lock.ts'
import { NO_DIFFERENCE } from './no-difference.ts'
import { NO_FAULT } from './no-fault.ts'
import { NO_UNMASKED_WORD } from './no-unmasked-word.ts'
import { ONE_CERTIFICATE } from './one-certificate.ts'
import { ONE_MESSAGE } from './one-message.ts'
import { ONE_RELEASE } from './one-release.ts'
import { ONE_VECTOR } from './one-vector.ts'
import { VOID_TIMER } from './void-timer.ts'

/** In the order of the invariants; the eleventh, `termination`, depends on the scenario. */
export const CHECKERS: readonly CheckerFactory[] = [
  ONE_MESSAGE,
  ONE_RELEASE,
  CERTIFIED_RELEASE,
  FRESH_KEYS,
  ONE_VECTOR,
  CONTRIBUTORS_FEWEST,
  ONE_CERTIFICATE,
  LOCK,
  EXACT_SUM,
  BY_HASH,
  CLAMP_BEFORE_NOISE,
  NO_UNMASKED_WORD,
  FULL_MASKS,
  BLAME,
  NO_FAULT,
  VOID_TIMER,
  EXCLUSION,
  NO_DIFFERENCE,
]
