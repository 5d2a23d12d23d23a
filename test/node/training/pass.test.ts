// Claims of node/training/pass.ts: a pass takes about the memory that is foretold for it, and has no more records than fit
// into its share; training in smaller passes gives the sum of a large one. (A test file is a process of its own, so that
// the peak of its memory is that of its own passes.)

import test from 'ava'
import { loadBackend } from '../../../node/training/backend.ts'
import { buildModel } from '../../../node/training/model.ts'
import { bytesOfUnit, PASS_BYTES_MAX, unitsOfPass } from '../../../node/training/pass.ts'
import { createBookkeeping, EXAMPLES_MAX } from '../../../node/training/per-example-clipping.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import type { Augmentation } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { distance, images, norm } from './engines.ts'

const CNN: ModelSpec = { preset: 'cnn', filters: [16, 32, 32], groups: 4 }
const MIB = 2 ** 20

function study(side: number, model: ModelSpec, augmentation?: Augmentation) {
  const data = images([side, side, 1])
  return testStudy(testSigners(4), { contract: data, model, ...(augmentation === undefined ? {} : { augmentation }) })
}

/** Sums the clipped gradients of records in passes of so many. */
async function summed(document: ReturnType<typeof study>, records: number, recordsMax: number): Promise<Float64Array> {
  const backend = await loadBackend({ engine: 'wasm' })
  const model = buildModel(backend.tf, document.model, document.contract)
  const { addClipped, dimension } = createBookkeeping(backend, { model, clippingNorm: 1 })
  const size = document.contract.shape.reduce((product, length) => product * length, 1)
  const inputs = Float32Array.from({ length: records * size }, (_, at) => (Math.sin(at * at) + 1) / 2)
  const labels = Int32Array.from({ length: records }, (_, at) => at % document.contract.classes.length)
  const { parameters } = initialCheckpoint(document)
  const sum = new Float64Array(dimension)
  for (let start = 0; start < records; start += recordsMax) {
    const end = Math.min(records, start + recordsMax)
    addClipped(sum, { parameters, inputs: inputs.slice(start * size, end * size), labels: labels.slice(start, end) })
  }
  model.dispose()
  return sum
}

const peak = (): number => process.resourceUsage().maxRSS / 1024

test.serial('a pass takes the memory that was foretold', async t => {
  // modules, the engine and its first pass are there
  await summed(study(8, CNN), 8, 8)
  const before = peak()
  const document = study(64, CNN)
  const records = unitsOfPass(document)
  await summed(document, records, records)
  const foretold = (records * bytesOfUnit(document)) / MIB
  t.log(`foretold ${foretold.toFixed(0)} MiB, taken ${(peak() - before).toFixed(0)} MiB`)
  t.true(peak() - before < 1.5 * foretold && peak() - before > 0.5 * foretold)
})

test.serial('smaller passes give the sum of one', async t => {
  const document = study(8, CNN)
  const [whole, parts] = [await summed(document, 40, 40), await summed(document, 40, 7)]
  t.true(norm(whole) > 0.1)
  t.true(distance(whole, parts) < 1e-5 * norm(whole))
})

test('small records fill a pass, large ones do not, and one always fits', t => {
  t.is(unitsOfPass(study(28, { preset: 'logistic' })), EXAMPLES_MAX)
  t.is(unitsOfPass(study(28, CNN)), EXAMPLES_MAX)
  for (const side of [64, 128, 224, 512, 1024]) {
    const document = study(side, CNN)
    const records = unitsOfPass(document)
    t.true(records >= 1 && records < EXAMPLES_MAX)
    t.true(records === 1 || records * bytesOfUnit(document) <= PASS_BYTES_MAX)
  }
})

test('views count as records of a pass, and their gradients are all instantiated', t => {
  const views = (count: number): Augmentation => ({ views: count, shift: 1, flip: false })
  t.is(unitsOfPass(study(8, CNN, views(4))), EXAMPLES_MAX / 4)
  t.is(unitsOfPass(study(8, CNN, views(3))), Math.floor(EXAMPLES_MAX / 3))
  // four million parameters: gradients of 64 records would take a gigabyte
  const wide = study(64, { preset: 'mlp', units: [1024] }, views(4))
  t.true(unitsOfPass(wide) < 8)
  t.is(unitsOfPass({ ...study(64, { preset: 'mlp', units: [1024] }) }), EXAMPLES_MAX)
})
