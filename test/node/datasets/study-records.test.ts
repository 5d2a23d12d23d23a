// Claims of node/datasets/study-records.ts: what training reads is checked in full against the study's data contract.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { fileSource } from '../../../node/config/data-source.ts'
import { openDataset } from '../../../node/datasets/open-dataset.ts'
import { readStudyRecords } from '../../../node/datasets/study-records.ts'
import { passingDoor } from '../../../node/privacy/patient-door.ts'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { wholeOf } from '../../helpers/inputs.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { readTree } from '../../helpers/tree/tree.ts'

const DATA: DataContract = { kind: 'image', shape: [1, 2, 1], classes: ['no', 'yes'] }
const IMAGES = { values: Uint8Array.of(0, 255, 51, 102), shape: [2, 1, 2] }
const READING = { door: passingDoor(), cache: null }
const LABELS = { values: Uint8Array.of(0, 1), shape: [2] }

test('records that fit the study are read as they are, from the split that is named', async t => {
  const file = join(await temporaryFolder(t), 'records.npz')
  await writeFile(file, encodeNpz({ a_images: IMAGES, a_labels: LABELS }))
  const { shape, classes } = DATA
  t.deepEqual(
    wholeOf(await readStudyRecords(DATA, fileSource(file, 'a'), READING)),
    wholeOf(await openDataset(file, { split: 'a', shape, classes })),
  )
  await t.throwsAsync(readStudyRecords(DATA, fileSource(file, 'b'), READING), {
    code: 'data-unreadable',
    message: /b_images/,
  })
})

test('a wrong shape, label or value is refused, wherever it stands', async t => {
  const file = join(await temporaryFolder(t), 'records.npz')
  const cases = [
    { a_images: { ...IMAGES, shape: [2, 2, 1] }, a_labels: LABELS },
    { a_images: IMAGES, a_labels: { ...LABELS, values: Uint8Array.of(0, 2) } },
    { a_images: { ...IMAGES, values: Float32Array.of(0, 0, 0, 2) }, a_labels: LABELS },
  ]
  for (const arrays of cases) {
    await writeFile(file, encodeNpz(arrays))
    await t.throwsAsync(readStudyRecords(DATA, fileSource(file, 'a'), READING), { code: 'data-unreadable' })
  }
})

test('the worker, approval, evaluation and audit read a study’s records here alone', async t => {
  const { sources } = await readTree(process.cwd())
  const direct = [...sources].filter(
    ([path, text]) => path.startsWith('node/') && !path.startsWith('node/datasets/') && /\bopenDataset\b/.test(text),
  )
  t.deepEqual(
    direct.map(([path]) => path),
    [],
  )
})
