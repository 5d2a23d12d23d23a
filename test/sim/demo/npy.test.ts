// Claim of sim/demo/npy.ts and records.ts: what the demonstration writes, the product reads, value for value.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parseNpy } from '../../../node/datasets/numpy/npy.ts'
import { readNpz } from '../../../node/datasets/numpy/npz.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { encodeNpy, encodeNpz } from '../../../sim/demo/npy.ts'
import { drawPhantoms } from '../../../sim/demo/phantom.ts'
import { encodePart, loadRecords } from '../../../sim/demo/records.ts'
import { inputsOf } from '../../helpers/inputs.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const CLASSES = ['clear', 'opacity']

test('bytes and shapes survive; the body is aligned', t => {
  for (const shape of [[6], [2, 3], [3, 1, 2]]) {
    const file = encodeNpy({ values: Uint8Array.of(1, 2, 3, 4, 5, 255), shape })
    const array = parseNpy(file)
    t.deepEqual(array.shape, shape)
    t.is(array.dtype, '|u1')
    t.deepEqual([...array.body], [1, 2, 3, 4, 5, 255])
    t.is((file.length - array.body.length) % 64, 0)
  }
})

test('values that do not fill their shape are refused', t => {
  t.throws(() => encodeNpy({ values: new Uint8Array(5), shape: [2, 3] }), { instanceOf: RangeError })
})

test('a float array is read as written', async t => {
  const file = join(await temporaryFolder(t), 'floats.npz')
  const values = Float32Array.of(0, 0.1, 1 / 3, 1)
  await writeFile(
    file,
    encodeNpz({ a_images: { values, shape: [2, 1, 2] }, a_labels: { values: Uint8Array.of(0, 1), shape: [2] } }),
  )
  const inputs = inputsOf(await readNpz(file, { split: 'a', shape: [1, 2, 1], classes: CLASSES }))
  t.deepEqual([...inputs], [...values])
})

test("a hospital's part holds exactly its records", async t => {
  const folder = await temporaryFolder(t)
  const { values, labels } = drawPhantoms({ count: 20, label: 'npy' })
  const images = { values, shape: [20, 28, 28] }
  const source = join(folder, 'source.npz')
  const answers = { values: labels, shape: [20, 1] }
  await writeFile(
    source,
    encodeNpz({ train_images: images, train_labels: answers, test_images: images, test_labels: answers }),
  )
  const records = await loadRecords(source, 1)
  t.is(records.name, 'source.npz')
  t.false(records.synthetic)
  t.deepEqual([...records.shape], [28, 28, 1])
  const part = Uint32Array.of(19, 0, 7)
  const file = join(folder, 'part.npz')
  await writeFile(file, encodePart(records, part))
  const read = await readNpz(file, { split: 'train', shape: records.shape, classes: records.classes })
  t.deepEqual(
    [...read.labels],
    [...part].map(record => labels[record]!),
  )
  for (const [row, record] of part.entries()) {
    t.deepEqual(
      inputsOf(read).subarray(row * 784, (row + 1) * 784),
      Float32Array.from(values.subarray(record * 784, (record + 1) * 784), byte => byte / 255),
    )
  }
})

test('shape and classes follow from the file, also for colours and three classes', async t => {
  const file = join(await temporaryFolder(t), 'colours.npz')
  const images = { values: new Uint8Array(3 * 4 * 5 * 3), shape: [3, 4, 5, 3] }
  const labels = { values: Uint8Array.of(0, 1, 2), shape: [3] }
  await writeFile(
    file,
    encodeNpz({ train_images: images, train_labels: labels, test_images: images, test_labels: labels }),
  )
  const { shape, classes } = await loadRecords(file, 1)
  t.deepEqual([...shape], [4, 5, 3])
  t.is(classes.length, 3)
})

test("a missing or wrong file is refused in the product's words", async t => {
  const folder = await temporaryFolder(t)
  const wrong = join(folder, 'wrong.npz')
  await writeFile(wrong, 'not a zip')
  for (const file of [join(folder, 'none.npz'), wrong]) {
    const error = await t.throwsAsync(loadRecords(file, 1), { instanceOf: OperatorError })
    t.is((error as OperatorError).exitCode, EXIT.dataUnreadable)
  }
})
