/**
 * What a model preset is to every peer, also one that owns chunks or verifies a sum and never loads a model: its fields in
 * a study, the layout of its parameters, and its sentence. One preset, one file; `list.ts` has them all. The layers, and
 * what is done to records first, are in node/training/models/.
 *
 * @module
 */

import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import type { DataContract } from '../contracts/list.ts'
import { LAYER_WIDTH_MAX, LAYERS_MAX } from '../limits.ts'
import type { ParameterSpec } from './tensors.ts'

/** The tensors before the head, in their flat order, and the width of what reaches the head. */
export interface HiddenLayout {
  readonly specs: readonly ParameterSpec[]
  readonly features: number
}

/** @typeParam Spec the preset's fields in a study document */
export interface ModelPreset<Spec> {
  /**
   * Whether nothing is learnt before the head. Then there is no symmetry to break, and few noisy steps to undo a random
   * start: the head starts at 0.
   */
  readonly isLinear: boolean
  /**
   * Public norm of the frozen features that records become, whose mean a study may take; null where the records
   * themselves are the model's inputs.
   */
  readonly featureNorm: number | null
  /** Why its records cannot be augmented; null where they can. */
  readonly augmentationRefusal: string | null
  /** @throws ProtocolError `unsupported-model` when the model does not fit the data */
  hiddenLayout(spec: Spec, data: DataContract): HiddenLayout
  /** How the model is described. */
  sentence(spec: Spec): string
}

/** Units or filters, layer by layer. */
export const WIDTHS_SCHEMA = z.array(whole(1, LAYER_WIDTH_MAX)).min(1).max(LAYERS_MAX)

/** Of hidden layers; absent is relu. A bounded one keeps gradients smaller, so that less of them is clipped. */
export const ACTIVATION_SCHEMA = z.enum(['relu', 'tanh']).exactOptional()
export type Activation = 'relu' | 'tanh'

/** The end of a sentence. */
export function activationText({ activation }: { activation?: Activation }): string {
  return activation === undefined ? '' : `, ${activation}`
}
