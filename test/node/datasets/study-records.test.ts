// Claims of node/datasets/study-records.ts: what training reads is checked in full against the study's data contract.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import test from 'ava'
import sharp from 'sharp'
import { fileSource } from '../../../node/config/data-source.ts'
import { recordsAt } from '../../../node/datasets/dataset.ts'
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

test('where each record stands is told where it is asked for, and stays with it when records are chosen', async t => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'records.npz')
  await writeFile(file, encodeNpz({ a_images: IMAGES, a_labels: LABELS }))
  const asked = { ...READING, origins: true }
  const { origins } = await readStudyRecords(DATA, fileSource(file, 'a'), asked)
  t.deepEqual(origins, [
    { file: '', row: 0 },
    { file: '', row: 1 },
  ])
  t.is((await readStudyRecords(DATA, fileSource(file, 'a'), READING)).origins, undefined)
  const kept = recordsAt(await readStudyRecords(DATA, fileSource(file, 'a'), asked), Uint32Array.of(1))
  t.deepEqual(kept.origins, [{ file: '', row: 1 }])
  const picture = await sharp(Uint8Array.of(0, 255), { raw: { width: 2, height: 1, channels: 1 } })
    .png()
    .toBuffer()
  for (const name of ['test/no/1.png', 'test/yes/1.png', 'train/no/2.png']) {
    await mkdir(join(folder, 'files', dirname(name)), { recursive: true })
    await writeFile(join(folder, 'files', name), picture)
  }
  const pixels = { grey: 'display', resize: 'none' } as const
  const found = await readStudyRecords(
    { ...DATA, pixels } as DataContract,
    fileSource(join(folder, 'files'), 'test'),
    asked,
  )
  t.deepEqual(found.origins, [
    { file: 'test/no/1.png', row: null },
    { file: 'test/yes/1.png', row: null },
  ])
})
