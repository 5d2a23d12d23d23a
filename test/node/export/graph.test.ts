// Claim: an exported ONNX file or TensorFlow.js folder takes the records of the study's contract and gives the product's
// logits, for every preset, with every normalisation; runtimes that know nothing of this program read them.

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import * as ort from 'onnxruntime-web'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { valuesOf } from '../../../node/datasets/dataset.ts'
import { chainOf, LOGITS, PROBABILITIES, RECORDS } from '../../../node/export/graph/chain.ts'
import type { ModelGraph } from '../../../node/export/graph/graph.ts'
import { encodeOnnx } from '../../../node/export/onnx/onnx-model.ts'
import { encodeTfjs } from '../../../node/export/tfjs-graph.ts'
import { type Backend, loadBackend, type Tensor } from '../../../node/training/backend.ts'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import { MODEL_PRESETS } from '../../../protocols/study/models/list.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import {
  CASES,
  type ExportedCase,
  largestDifference,
  productLogits,
  randomCheckpoint,
  randomRecords,
  realRecords,
} from './models.ts'

ort.env.wasm.numThreads = 1
ort.env.logLevel = 'error'

/** Debian's: another one may come first on the path, without Debian's packages. */
const PYTHON = '/usr/bin/python3'

const WORDS = { name: 'test', description: 'a test', metadata: { round: '7' } }
const DIFFERENCE_MAX = 1e-4
const RECORDS_TESTED = 100

function inputsOf(dataset: Dataset): Float32Array {
  const read = valuesOf(dataset)
  const size = dataset.shape.reduce((product, side) => product * side, 1)
  const inputs = new Float32Array(dataset.count * size)
  for (let at = 0; at < dataset.count; at++) read(at, inputs.subarray(at * size, (at + 1) * size))
  return inputs
}

interface Answers {
  readonly logits: Float32Array
  readonly probabilities: Float32Array
}

async function byOnnx(graph: ModelGraph, inputs: Float32Array, shape: number[]): Promise<Answers> {
  const session = await ort.InferenceSession.create(encodeOnnx(graph, WORDS))
  const found = await session.run({ [RECORDS]: new ort.Tensor('float32', inputs, shape) })
  const read = (name: string) => found[name]!.data as Float32Array
  const answers = { logits: read(LOGITS), probabilities: read(PROBABILITIES) }
  await session.release()
  return answers
}

async function byTfjs({ tf }: Backend, graph: ModelGraph, inputs: Float32Array, shape: number[]): Promise<Answers> {
  const { model, weights } = encodeTfjs(graph, WORDS)
  const { modelTopology, weightsManifest, format, signature } = JSON.parse(Buffer.from(model).toString())
  const weightSpecs = weightsManifest.flatMap((group: { weights: object[] }) => group.weights)
  const weightData = weights.slice().buffer
  const loaded = await tf.loadGraphModel({
    load: async () => ({ modelTopology, format, signature, weightSpecs, weightData }),
  })
  const [logits, probabilities] = tf.tidy(() => {
    const outputs = loaded.execute({ [RECORDS]: tf.tensor(inputs, shape) }, [LOGITS, PROBABILITIES]) as Tensor[]
    return outputs.map(output => output.dataSync() as Float32Array)
  }) as unknown as [Float32Array, Float32Array]
  loaded.dispose()
  return { logits, probabilities }
}

function softmaxOf(logits: Float32Array, classes: number): Float64Array {
  const exponents = Float64Array.from(logits, Math.exp)
  return exponents.map((value, at) => {
    const start = at - (at % classes)
    return value / exponents.subarray(start, start + classes).reduce((sum, each) => sum + each, 0)
  })
}

async function agree(t: ExecutionContext, { name, document }: ExportedCase, dataset: Dataset): Promise<void> {
  const backend = await loadBackend({ engine: 'wasm' })
  const checkpoint = randomCheckpoint(document, name)
  const graph = chainOf(document, checkpoint)
  const expected = productLogits(backend, document, checkpoint, dataset)
  t.true(
    expected.some(value => Math.abs(value) > 0.05),
    'logits are not all 0',
  )
  const [inputs, shape] = [inputsOf(dataset), [dataset.count, ...document.contract.shape]]
  for (const [runtime, answers] of [
    ['onnxruntime', await byOnnx(graph, inputs, shape)],
    ['tfjs', await byTfjs(backend, graph, inputs, shape)],
  ] as const) {
    const difference = largestDifference(answers.logits, expected)
    t.log(`${name}, ${runtime}, ${dataset.count} records: logits differ by at most ${difference.toExponential(1)}`)
    t.true(difference < DIFFERENCE_MAX, `${name} in ${runtime}`)
    const softmax = softmaxOf(expected, document.contract.classes.length)
    t.true(largestDifference(answers.probabilities, softmax) < DIFFERENCE_MAX)
  }
}

test('every preset is exported but that of studies without a model', t => {
  t.deepEqual(
    [...new Set(CASES.map(({ document }) => document.model.preset))].sort(),
    Object.keys(MODEL_PRESETS)
      .filter(name => name !== 'none')
      .sort(),
  )
})

for (const exported of CASES) {
  test.serial(`${exported.name}: logits of onnxruntime and tfjs are the product's`, async t => {
    await agree(t, exported, randomRecords(exported, RECORDS_TESTED))
  })
}

const PNEUMONIA: DataContract = { kind: 'image', shape: [28, 28, 1], classes: ['no', 'yes'] }
for (const exported of CASES.filter(({ document: { contract } }) => contract.shape.join() === '28,28,1')) {
  test.serial(`${exported.name}: the same on real X-rays`, async t => {
    const dataset = await realRecords(PNEUMONIA, 'pneumonia-28/pneumonia-28.npz', RECORDS_TESTED)
    if (dataset === null) return void t.pass('CONFRERE_DATA is not set: there are no real records here')
    await agree(t, { ...exported, document: { ...exported.document, contract: PNEUMONIA } }, dataset)
  })
}

const CHEST: DataContract = { kind: 'image', shape: [64, 64, 1], classes: ['normal', 'bacterial', 'viral'] }
test.serial('scattering of 64 x 64 pixels in three scales: the same on real X-rays', async t => {
  const dataset = await realRecords(CHEST, 'chest-xray-64/chest-xray-64.npz', 6)
  if (dataset === null) return void t.pass('CONFRERE_DATA is not set: there are no real records here')
  const { document } = CASES.find(({ name }) => name === 'scattering')!
  const model = { preset: 'scattering', scales: 3, angles: 8, cell: 8 } as const
  await agree(t, { name: 'chest', document: { ...document, contract: CHEST, model }, low: 0, high: 1 }, dataset)
})

test.serial("Debian's checker of ONNX passes every file", async t => {
  const run = promisify(execFile)
  const missing = await run(PYTHON, ['-c', 'import onnx']).then(
    () => null,
    (error: Error) => error.message,
  )
  if (missing !== null) return void t.pass('python3-onnx is not installed: nothing was checked')
  const folder = await temporaryFolder(t)
  for (const [at, { name, document }] of CASES.entries()) {
    const file = join(folder, `${at}.onnx`)
    await writeFile(file, encodeOnnx(chainOf(document, randomCheckpoint(document, name)), WORDS))
    const script =
      'import onnx, sys; m = onnx.load(sys.argv[1]); onnx.checker.check_model(m, full_check=True); print(m.ir_version, m.opset_import[0].version)'
    const { stdout } = await run(PYTHON, ['-c', script, file])
    t.is(stdout.trim(), '8 17', name)
  }
})
