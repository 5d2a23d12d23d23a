import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { RECORD_FORMATS } from '../../../node/datasets/list.ts'
import { inspectNpz, readNpz } from '../../../node/datasets/numpy/npz.ts'
import { inspectDataset, openDataset } from '../../../node/datasets/open-dataset.ts'
import { EXIT, type OperatorError } from '../../../node/errors.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { wholeOf } from '../../helpers/inputs.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { readTree } from '../../helpers/tree/tree.ts'

const WANTED = { split: 'a', shape: [1, 2, 1], classes: ['no', 'yes'] }

test('a data set is opened by the end of its name, whatever its case', async t => {
  const folder = await temporaryFolder(t)
  const images = { values: Uint8Array.of(0, 255, 51, 102), shape: [2, 1, 2] }
  const labels = { values: Uint8Array.of(0, 1), shape: [2] }
  for (const name of ['records.npz', 'RECORDS.NPZ']) {
    const file = join(folder, name)
    await writeFile(file, encodeNpz({ a_images: images, a_labels: labels }))
    t.deepEqual(wholeOf(await openDataset(file, WANTED)), wholeOf(await readNpz(file, WANTED)))
    t.deepEqual(await inspectDataset(file, 'a'), await inspectNpz(file, 'a'))
  }
})

test('a file of no known type is refused, and the known ones are named', async t => {
  for (const file of ['/x/records.exe', '/x/records', '/x/.npz', '/x/records.npz.zip']) {
    const error = (await t.throwsAsync(openDataset(file, WANTED))) as OperatorError
    t.is(error.code, 'data-unreadable')
    t.is(error.exitCode, EXIT.dataUnreadable)
    t.false(error.message.includes(file))
    t.regex(error.hint, /\.npz/)
    await t.throwsAsync(inspectDataset(file, 'a'), { code: 'data-unreadable', message: error.message })
  }
})

test('a single array is refused with how to save it with its labels', async t => {
  for (const read of [openDataset('/x/images.npy', WANTED), inspectDataset('/x/images.NPY', 'a')]) {
    const error = (await t.throwsAsync(read)) as OperatorError
    t.is(error.code, 'data-unreadable')
    t.regex(error.hint, /numpy\.savez_compressed\(.*train_images=.*train_labels=/)
  }
})

test('no two formats claim one ending', t => {
  const endings = RECORD_FORMATS.flatMap(({ extensions }) => extensions)
  t.is(new Set(endings).size, endings.length)
  t.true(endings.every(ending => ending === ending.toLowerCase() && ending.startsWith('.')))
})

test('commands and the worker read records by openDataset alone', async t => {
  const { sources } = await readTree(process.cwd())
  const direct = [...sources].filter(([path, text]) => /^(node|sim)\//.test(path) && /datasets\/npz\.ts'/.test(text))
  t.deepEqual(
    direct.map(([path]) => path),
    [],
  )
})
