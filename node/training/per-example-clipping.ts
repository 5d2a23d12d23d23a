/**
 * Book-keeping: the sum of a batch's per-example gradients, each clipped, from one forward and one backward pass. An
 * example is what is clipped as one: a record, or all records of a patient.
 *
 * The forward pass records every layer's input; the backward pass gives for every example the gradient of its own loss
 * with respect to every layer's output, because the losses are summed and layers never mix examples. From both, each
 * layer's rule computes the per-example gradients, or only their norms where a product of norms is exact.
 *
 * @module Bu, Wang, Zha, Karypis, "Differentially private optimization on large model at small cost", ICML 2023.
 */

import assert from 'node:assert/strict'
import type { Backend, Layer, LayersModel, Tensor, Tensor1D, Tensor2D } from './backend.ts'
import { ruleOf } from './layer-rules/list.ts'
import { type Gradients, type LayerRule, type MergeRule, refused, type Scale } from './layer-rules/rule.ts'
import { splitParameters } from './model.ts'

/** Clipping to a little less than C covers the rounding of float32 sums over at most EXAMPLES_MAX examples. */
export const CLIP_MARGIN = 0.99
/** Examples of one pass, every view of every record counted; the caller sums several passes in float64. */
export const EXAMPLES_MAX = 256

export interface Bookkeeping {
  readonly dimension: number
  /** units of one pass */
  readonly unitsMax: number
  /**
   * Adds Σ_i s_i ∇L_i to `sum`, with s_i = min(1, 0.99·C / ‖∇L_i‖), or 0 for a unit whose gradient is not finite. L_i is
   * the sum over the records of unit i of their softmax cross-entropy, or of its mean over the views of a record.
   *
   * @param batch  the records of a unit side by side: `inputs` is labels.length × views × the input's size, `labels` has
   *   one for each record, at most `unitsMax` units of them
   * @returns      ‖∇L_i‖ for each unit before it was clipped
   */
  addClipped(
    sum: Float64Array,
    batch: { parameters: Float32Array; inputs: Float32Array; labels: Int32Array },
  ): Float64Array
}

/**
 * @param model         a graph of layers from the records to one logit for each class
 * @param clippingNorm  C
 * @param views         of every record, side by side in a batch: 1 to EXAMPLES_MAX
 * @param records       of every unit, side by side in a batch; their gradients are summed before they are clipped
 * @param unitsMax      a lower bound of a pass than EXAMPLES_MAX, for the sake of memory
 * @throws OperatorError `unsupported-layer`, exit code 11, that names the first layer that cannot be clipped
 */
export function createBookkeeping(
  backend: Backend,
  {
    model,
    clippingNorm,
    views = 1,
    records = 1,
    unitsMax: allowed = EXAMPLES_MAX,
  }: { model: LayersModel; clippingNorm: number; views?: number; records?: number; unitsMax?: number },
): Bookkeeping {
  assert(clippingNorm > 0 && Number.isFinite(clippingNorm), 'the clipping norm is positive')
  const rows = views * records
  assert(Number.isInteger(rows) && rows >= 1 && rows <= EXAMPLES_MAX, 'a unit that fits in one pass')
  const { tf } = backend
  const steps = stepsOf(backend, { model, rows })
  const shapes = steps.flatMap(step => shapesOfRule(step.rule))
  const inputShape = model.inputs[0]!.shape.slice(1) as number[]
  const classes = model.outputs[0]!.shape.at(-1)!
  const dimension = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0)

  const unitsMax = Math.min(allowed, Math.floor(EXAMPLES_MAX / rows))

  const addClipped: Bookkeeping['addClipped'] = (sum, { parameters, inputs, labels }) => {
    const batch = labels.length / records
    const examples = labels.length * views
    assert(
      Number.isInteger(batch) && batch <= unitsMax && inputs.length === examples * sizeOf(inputShape),
      'a batch of whole units',
    )
    assert.equal(sum.length, dimension, 'the sum has the dimension of the model')
    if (batch === 0) return new Float64Array(0)
    const parts = splitParameters(parameters, shapes)
    const norms = new Float64Array(batch)
    const sums = tf.tidy(() => {
      const tensors = parts.map((part, index) => tf.tensor(part, shapes[index]!))
      const each =
        views === 1 ? labels : Int32Array.from({ length: examples }, (_, at) => labels[Math.floor(at / views)]!)
      const target = tf.oneHot(tf.tensor1d(each, 'int32'), classes)
      const input = tf.tensor(inputs, [examples, ...inputShape])
      const gradients = passes(backend, steps, { tensors, input, target, views })
      const scale = scaleOf(backend, gradients, { norms, limit: CLIP_MARGIN * clippingNorm })
      return gradients.flatMap(layer => layer.sums(scale))
    })
    try {
      addFlat(sum, sums)
    } finally {
      tf.dispose(sums)
    }
    return norms
  }
  return { dimension, unitsMax, addClipped }
}

/** A layer in its graph: where its inputs and its output stand among the tensors of a pass. */
interface Step {
  readonly rule: LayerRule | MergeRule
  readonly inputs: readonly number[]
  readonly output: number
  /** whether it or a layer before it has parameters, so that a gradient with respect to its output is needed */
  readonly isTrained: boolean
}

/** The layers in an order in which every layer comes after those that it takes its inputs from. Tensor 0 is the records. */
function stepsOf(backend: Backend, { model, rows }: { model: LayersModel; rows: number }): Step[] {
  const second = [...model.inputLayers.slice(1), ...model.outputLayers.slice(1)][0]
  if (second !== undefined) throw refused(second, 'is a second input or output of the model')
  // a layers model has them in the order of their depth
  const layers = model.layers.filter(layer => layer.getClassName() !== 'InputLayer')
  const places = new Map<unknown, number>([[model.inputs[0], 0]])
  const trained = [false]
  return layers.map((layer, index): Step => {
    const rule = ruleOf(backend, layer, rows)
    const inputs = inputsOf(layer).map(tensor => {
      const place = places.get(tensor)
      if (place === undefined) throw refused(layer, 'takes what no layer before it gives')
      return place
    })
    const isTrained = shapesOfRule(rule).length > 0 || inputs.some(place => trained[place])
    places.set(layer.output, index + 1)
    trained.push(isTrained)
    return { rule, inputs, output: index + 1, isTrained }
  })
}

function inputsOf(layer: Layer): unknown[] {
  return [layer.input].flat()
}

function shapesOfRule(rule: LayerRule | MergeRule): number[][] {
  return 'shapes' in rule ? rule.shapes : []
}

/** A layer's part of a pass, with one input or several. */
interface Taken {
  readonly output: Tensor
  backward(gradient: Tensor, wantInputs: boolean): { inputs: Tensor[]; gradients: Gradients | null }
}

function forwardOf(rule: LayerRule | MergeRule, inputs: Tensor[], parameters: Tensor[]): Taken {
  if (!('shapes' in rule)) {
    const { output, backward } = rule.forward(inputs)
    return { output, backward: gradient => ({ inputs: backward(gradient), gradients: null }) }
  }
  assert.equal(inputs.length, 1, 'a layer of one input')
  const { output, backward } = rule.forward(inputs[0]!, parameters)
  return {
    output,
    backward: (gradient, wantInputs) => {
      const { input, gradients } = backward(gradient, wantInputs)
      return { inputs: input === null ? [] : [input], gradients }
    },
  }
}

/** Runs one forward and one backward pass. @returns the gradients of the layers that have parameters, in order */
function passes(
  { tf }: Backend,
  steps: Step[],
  { tensors, input, target, views }: { tensors: Tensor[]; input: Tensor; target: Tensor; views: number },
): Gradients[] {
  const values = [input]
  let start = 0
  const taken = steps.map(({ rule, inputs }) => {
    const end = start + shapesOfRule(rule).length
    const record = forwardOf(
      rule,
      inputs.map(place => values[place]!),
      tensors.slice(start, end),
    )
    start = end
    values.push(record.output)
    return record
  })
  // the derivative of softmax cross-entropy with respect to the logits, divided by the views for their mean
  const error = tf.sub(tf.softmax(values.at(-1) as Tensor2D), target)
  const outer = new Map<number, Tensor>([[steps.length, views === 1 ? error : tf.div(error, views)]])
  const isTrained = (place: number): boolean => place > 0 && steps[place - 1]!.isTrained
  const found = steps.toReversed().map(({ inputs, output }): Gradients | null => {
    const gradient = outer.get(output)
    if (gradient === undefined || !isTrained(output)) return null
    outer.delete(output)
    const step = taken[output - 1]!.backward(gradient, inputs.some(isTrained))
    step.inputs.forEach((inner, at) => {
      const place = inputs[at]!
      const other = outer.get(place)
      // a tensor that several layers take has the sum of their gradients
      if (isTrained(place)) outer.set(place, other === undefined ? inner : tf.add(other, inner))
    })
    return step.gradients
  })
  return found.toReversed().filter(gradients => gradients !== null)
}

/** Computes each example's norm and weight, in float64. */
function scaleOf(
  { tf }: Backend,
  gradients: Gradients[],
  { norms, limit }: { norms: Float64Array; limit: number },
): Scale {
  const squares = tf.stack(gradients.flatMap(layer => layer.squares)).dataSync()
  const batch = norms.length
  const weights = new Float32Array(batch)
  for (let i = 0; i < batch; i++) {
    let square = 0
    for (let term = i; term < squares.length; term += batch) square += squares[term]!
    norms[i] = Math.sqrt(square)
    weights[i] = Number.isFinite(square) ? Math.min(1, limit / norms[i]!) : 0
  }
  const flags = Uint8Array.from(norms, norm => (Number.isFinite(norm) ? 1 : 0))
  const finite = flags.includes(0) ? tf.tensor1d(flags, 'bool') : null
  return { weights: tf.tensor1d(weights), finite: finite as Tensor1D | null }
}

function addFlat(sum: Float64Array, tensors: Tensor[]): void {
  let start = 0
  for (const tensor of tensors) {
    const values = tensor.dataSync()
    for (let i = 0; i < values.length; i++) sum[start + i]! += values[i]!
    start += values.length
  }
  assert.equal(start, sum.length, 'the gradients fill the sum')
}

function sizeOf(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}
