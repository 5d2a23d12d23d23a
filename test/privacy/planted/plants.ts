/**
 * Bugs that others have shipped or could, planted into the production code: each makes the promise of privacy untrue while
 * every model still trains. A battery that finds none of them would find nothing.
 *
 * @module
 */

import { NOISE_PLANTS } from './noise-plants.ts'
import type { Plant } from './plant.ts'
import { RECORD_PLANTS } from './record-plants.ts'

export const PLANTS: readonly Plant[] = [...NOISE_PLANTS, ...RECORD_PLANTS]
