// Claims of node/datasets/record-cache.ts: what was read once is kept bit for bit, with no name in it and for its owner
// alone; whatever is cut off on the way is read anew or gone on with; a patient's records can be taken out.

import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { FoundRecord } from '../../../node/datasets/reader.ts'
import { type CacheKey, type KeyedFinding, RecordCache } from '../../../node/datasets/record-cache.ts'
import { inputsOf, wholeOf } from '../../helpers/inputs.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const KEY: CacheKey = {
  contract: { kind: 'image', shape: [1, 2, 1], classes: ['no', 'yes'], patients: true },
  source: 'a source',
  state: 'as it is',
}
const SPLITS = ['train', 'test', null]

function patientOf(number: number): Uint8Array {
  return new Uint8Array(16).fill(number)
}

function recordOf(at: number): FoundRecord {
  const values = Float32Array.of(Math.fround(at / 7), at)
  return { values, label: at % 2, patient: patientOf(at % 3), split: SPLITS[at % 3]! }
}

async function* findings(from: number, to: number): AsyncGenerator<KeyedFinding> {
  for (let at = from; at < to; at++) {
    yield { file: `secret-name-${at}`, ok: false, reason: 'it does not fit' }
    yield { file: `secret-name-${at}`, ok: true, record: recordOf(at), key: `k${at}` }
  }
}

const quiet = { each: () => {} }

async function kept(t: ExecutionContext, count = 9) {
  const folder = await temporaryFolder(t)
  const cache = new RecordCache(folder)
  t.is(await cache.write(KEY, findings(0, count), quiet), count)
  const names = (await readdir(folder)).sort()
  t.is(names.length, 2)
  return { folder, cache, facts: join(folder, names[0]!), rows: join(folder, names[1]!) }
}

test('records come back bit for bit, by split, with patients numbered anew', async t => {
  const { cache } = await kept(t)
  const train = (await cache.read(KEY, 'train'))!
  // those of train, and those of no split
  t.deepEqual(
    [...inputsOf(train)],
    [0, 2, 3, 5, 6, 8].flatMap(at => [...recordOf(at).values]),
  )
  t.deepEqual([...train.labels], [0, 0, 1, 1, 0, 0])
  t.deepEqual([...train.patients!], [0, 1, 0, 1, 0, 1])
  t.deepEqual([...train.patientHashes!], [...patientOf(0), ...patientOf(2)])
  t.is((await cache.read(KEY, 'test'))!.count, 6)
  for (const other of [
    { state: 'changed' },
    { source: 'another' },
    { contract: { ...KEY.contract, classes: ['a', 'b'] } },
  ]) {
    t.is(await cache.read({ ...KEY, ...other }, 'train'), undefined)
  }
})

test('a cache has no name of a file in it, and is its owner’s alone', async t => {
  const { facts, rows } = await kept(t)
  for (const file of [facts, rows]) {
    t.false((await readFile(file)).includes('secret'))
    t.is((await stat(file)).mode & 0o777, 0o600)
  }
})

test('what a crash cut off is not taken for whole, and a reading goes on with the rest', async t => {
  const { cache, facts, rows } = await kept(t)
  const [factBytes, rowBytes] = [await readFile(facts), await readFile(rows)]
  const whole = wholeOf((await cache.read(KEY, 'train'))!)
  await fc.assert(
    fc.asyncProperty(fc.nat(factBytes.length), fc.nat(rowBytes.length), async (factsLeft, rowsLeft) => {
      await writeFile(facts, factBytes)
      await writeFile(rows, rowBytes)
      await truncate(facts, factsLeft)
      await truncate(rows, rowsLeft)
      const found = await cache.read(KEY, 'train')
      if (factsLeft < factBytes.length || rowsLeft < rowBytes.length) t.is(found, undefined)
      else t.deepEqual(wholeOf(found!), whole)
      const done = await cache.keys(KEY)
      t.deepEqual(
        [...done],
        Array.from({ length: done.size }, (_, at) => `k${at}`),
      )
      t.is(await cache.write(KEY, findings(done.size, 9), { ...quiet, goesOn: true }), 9)
      t.deepEqual(wholeOf((await cache.read(KEY, 'train'))!), whole)
    }),
    { numRuns: 40 },
  )
})

test('a patient’s records are taken out of all caches, and the rest stays', async t => {
  const { cache, facts, rows, folder } = await kept(t)
  const other = { ...KEY, state: 'another' }
  await cache.write(other, findings(0, 4), quiet)
  const out = new Set([Buffer.from(patientOf(0)).toString('hex')])
  t.is(await cache.deletePatients(out), 3 + 2)
  t.is(await cache.deletePatients(out), 0)
  const train = (await cache.read(KEY, 'train'))!
  t.deepEqual(
    [...inputsOf(train)],
    [2, 5, 8].flatMap(at => [...recordOf(at).values]),
  )
  t.false((await readFile(facts, 'utf8')).includes([...out][0]!))
  t.is((await stat(rows)).size, 32 + 6 * (1 + 2 * 4 + 4))
  t.is((await readdir(folder)).length, 4)
  await cache.forget('a source')
  t.deepEqual(await readdir(folder), [])
})
