// Claims of node/daemon/view/dataset-answers.ts: a data set that was read is shown with its records and patients, from what
// is kept of it or from the study that has it; what was withdrawn counts no more; one that was not read has no counts.

import test from 'ava'
import { fileSource } from '../../../node/config/data-source.ts'
import { datasetsAnswer } from '../../../node/daemon/view/dataset-answers.ts'
import { datasetCounts } from '../../../node/datasets/dataset.ts'
import type { Finding, FoundRecord } from '../../../node/datasets/reader.ts'
import { RecordCache } from '../../../node/datasets/record-cache.ts'
import { sourceId } from '../../../node/datasets/source.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const KEPT = fileSource('/archive', 'train')
const ARCHIVE = fileSource('/records.npz', 'train')
const CONTRACT = { kind: 'image' as const, shape: [1, 1, 1] as [number, number, number], classes: ['no', 'yes'] }

const patientOf = (number: number) => new Uint8Array(16).fill(number)

/** Seven records of three patients: six of train or of no split. */
async function* findings(named: boolean): AsyncGenerator<Finding> {
  for (let at = 0; at < 7; at++) {
    const split = at === 6 ? 'test' : at === 5 ? null : 'train'
    const patient = named ? patientOf(at % 3) : null
    const record: FoundRecord = { values: Float32Array.of(at), label: 0, patient, split }
    yield { file: `f${at}`, ok: true, record }
  }
}

test('what was read is counted, of the split that is trained on', async t => {
  const cache = new RecordCache(await temporaryFolder(t))
  const key = { contract: CONTRACT, source: sourceId(KEPT), state: 'one' }
  const study = { name: 'S', kind: 'image', dataset: 'archive', counts: { records: 40, patients: 30 } }
  const datasets = { chest: KEPT, archive: ARCHIVE, other: fileSource('/other', 'train') }
  const shown = async () => await datasetsAnswer(datasets, { cache, taken: [study] })
  t.deepEqual(
    (await shown()).map(({ name, kind, records, patients }) => [name, kind, records, patients]),
    [
      ['chest', 'not read yet', null, null],
      ['archive', 'image', 40, 30],
      ['other', 'not read yet', null, null],
    ],
  )
  await cache.write(key, findings(true), { each() {} })
  t.like((await shown())[0], { kind: 'read', records: 6, patients: 3, studies: [] })
  await cache.deletePatients(new Set([Buffer.from(patientOf(0)).toString('hex')]))
  t.like((await shown())[0], { records: 4, patients: 2 })
  await cache.forget(sourceId(KEPT))
  await cache.write({ ...key, state: 'two' }, findings(false), { each() {} })
  t.like((await shown())[0], { records: 6, patients: null })
  t.deepEqual((await shown())[1]?.studies, ['S'])
})

test('a data set in memory counts its records, and each patient once', t => {
  t.deepEqual(datasetCounts({ count: 4, patients: Int32Array.of(0, 1, 1, 0) }), { records: 4, patients: 2 })
  t.deepEqual(datasetCounts({ count: 4 }), { records: 4, patients: null })
})
