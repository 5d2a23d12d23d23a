/**
 * Bugs that others have shipped or could, planted into the production code: each makes the promise of privacy untrue while
 * every model still trains. A battery that finds none of them would find nothing.
 *
 * @module
 */

import type { SourcePlant } from '../../helpers/plant.ts'
import { NOISE_PLANTS } from './noise-plants.ts'
import { RECORD_PLANTS } from './record-plants.ts'

export interface Plant extends SourcePlant {
  /** in words */
  readonly bug: string
  /** the check that must see it */
  readonly seenBy: string
  /** how the product itself refuses to go on with the bug, where it does */
  readonly refusal?: RegExp
}

export const PLANTS: readonly Plant[] = [...NOISE_PLANTS, ...RECORD_PLANTS]
