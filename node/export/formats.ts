/** The formats that a model is exported in, and the files of each. @module */

import type { Checkpoint } from '../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { chainOf } from './graph/chain.ts'
import type { ModelWords } from './model-words.ts'
import { tensorsOf } from './named-tensors.ts'
import { encodeNpz } from './npz.ts'
import { encodeOnnx } from './onnx/onnx-model.ts'
import { encodeSafetensors } from './safetensors.ts'
import { encodeTfjs, TFJS_WEIGHTS_FILE } from './tfjs-graph.ts'

export const EXPORT_FORMATS = ['onnx', 'safetensors', 'tfjs', 'npz'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

type Writer = (document: StudyDocument, checkpoint: Checkpoint, words: ModelWords) => [name: string, Uint8Array][]

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  onnx: (document, checkpoint, words) => [['model.onnx', encodeOnnx(chainOf(document, checkpoint), words)]],
  safetensors: (document, checkpoint, { metadata }) => [
    ['model.safetensors', encodeSafetensors(tensorsOf(document, checkpoint), metadata)],
  ],
  tfjs: (document, checkpoint, words) => {
    const { model, weights } = encodeTfjs(chainOf(document, checkpoint), words)
    return [
      ['tfjs/model.json', model],
      [`tfjs/${TFJS_WEIGHTS_FILE}`, weights],
    ]
  },
  npz: (document, checkpoint, { metadata }) => [['model.npz', encodeNpz(tensorsOf(document, checkpoint), metadata)]],
}

/** A format as a model card names it. */
export const FORMAT_WORDS: Readonly<Record<ExportFormat, string>> = {
  onnx: '`model.onnx`: the whole chain, for ONNX Runtime and others (operator set 17)',
  safetensors: '`model.safetensors`: the weights by name, and the normalisation; not the chain',
  tfjs: '`tfjs/`: the whole chain, a graph model for `tf.loadGraphModel` of TensorFlow.js',
  npz: '`model.npz`: the weights by name, and the normalisation, for NumPy; not the chain',
}

/** Of a file: what protobuf allows, and what a program reads in one piece. */
export const MODEL_BYTES_MAX: number = 2 ** 31 - 1

/**
 * The files of a format; the same model gives the same bytes.
 *
 * @throws OperatorError `export-too-large`, exit code 2
 */
export function filesOfFormat(format: ExportFormat, ...model: Parameters<Writer>): [name: string, Uint8Array][] {
  const files = WRITERS[format](...model)
  const large = files.find(([, { length }]) => length > MODEL_BYTES_MAX)
  if (large === undefined) return files
  throw new OperatorError(
    'export-too-large',
    `${large[0]} would have ${large[1].length} bytes, more than ${MODEL_BYTES_MAX}`,
    {
      hint: 'Scattering of large images has large constants: export the weights alone, --format safetensors.',
      exitCode: EXIT.usage,
    },
  )
}
