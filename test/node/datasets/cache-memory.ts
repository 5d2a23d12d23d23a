/**
 * A process that keeps images, looks for repeated ones and takes all of them in batches; it prints its peak of memory in
 * bytes. Arguments: a folder, the number of images, their side.
 *
 * @module
 */

import { selectRecords } from '../../../node/datasets/dataset.ts'
import { repeatedRecords } from '../../../node/datasets/distinct.ts'
import { type CacheKey, type KeyedFinding, RecordCache } from '../../../node/datasets/record-cache.ts'

const BATCH = 64
const WHITE = 255

const [folder, count, side] = process.argv.slice(2) as [string, string, string]
const key: CacheKey = {
  contract: { kind: 'image', shape: [Number(side), Number(side), 1], classes: ['no', 'yes'] },
  source: 'images',
  state: 'as they are',
}

async function* findings(): AsyncGenerator<KeyedFinding> {
  for (let record = 0; record < Number(count); record++) {
    const values = new Float32Array(Number(side) ** 2)
    for (let at = 0; at < values.length; at++) values[at] = ((record * at) % (WHITE + 1)) / WHITE
    yield { file: '', ok: true, record: { values, label: record % 2, patient: null, split: null } }
  }
}

const cache = new RecordCache(folder)
await cache.write(key, findings(), { each: () => {} })
const dataset = (await cache.read(key, 'train'))!
repeatedRecords(dataset, 'record')
for (let start = 0; start < dataset.count; start += BATCH) {
  const length = Math.min(BATCH, dataset.count - start)
  selectRecords(
    dataset,
    Uint32Array.from({ length }, (_, at) => start + at),
  )
}
process.stdout.write(String(process.resourceUsage().maxRSS * 1024))
