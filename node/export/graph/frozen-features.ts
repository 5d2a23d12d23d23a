/** Features that nobody learns, by preset: one that is not in the table does not compile. @module */

import assert from 'node:assert/strict'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import type { ModelSpec, PresetName, SpecOf } from '../../../protocols/study/models/list.ts'
import type { ScatteringModel } from '../../../protocols/study/models/scattering.ts'
import type { GraphBuilder, GraphValue } from './graph.ts'
import { scatteringSteps } from './scattering-steps.ts'

type FeatureSteps<Spec> = (graph: GraphBuilder, spec: Spec, contract: DataContract) => GraphValue

/** null where a preset takes the records themselves */
const FEATURE_STEPS: { readonly [Name in PresetName]: FeatureSteps<SpecOf<Name>> | null } = {
  logistic: null,
  scattering: ofImages,
  mlp: null,
  cnn: null,
  conv1d: null,
  none: null,
}

/** Records to frozen features, [batch, features]; null where the model takes the records. */
export function frozenFeatures(graph: GraphBuilder, model: ModelSpec, contract: DataContract): GraphValue | null {
  const steps = FEATURE_STEPS[model.preset] as FeatureSteps<ModelSpec> | null
  return steps === null ? null : steps(graph, model, contract)
}

function ofImages(graph: GraphBuilder, model: ScatteringModel, contract: DataContract): GraphValue {
  assert(contract.kind === 'image', 'a scattering takes images')
  return scatteringSteps(graph, graph.input, model, contract.shape)
}
