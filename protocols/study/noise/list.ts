/** Every noise mode: one that is named and not listed here does not compile. @module */

import { DISTRIBUTED } from './distributed.ts'
import { LOCAL } from './local.ts'
import type { NoiseMode, NoiseName } from './mode.ts'
import { OFF } from './off.ts'

export const NOISE_MODES: Readonly<Record<NoiseName, NoiseMode>> = { distributed: DISTRIBUTED, local: LOCAL, off: OFF }

/** A study's noise mode. */
export function noiseModeOf({ noise }: { readonly noise: NoiseName }): NoiseMode {
  return NOISE_MODES[noise]
}
