// Claim of node/datasets/record-cache.ts: memory does not grow with the values of the records that are kept; a batch is
// all of them that it holds.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const CHILD = fileURLToPath(new URL('./cache-memory.ts', import.meta.url))
const [FEW, MANY] = [1000, 5000]
const SIDE = 128
const FLOAT_BYTES = 4

test('4,000 more images of 128 × 128 pixels take a small part of the memory that their values would', async t => {
  const peaks: number[] = []
  for (const count of [FEW, MANY]) {
    const args = [CHILD, await temporaryFolder(t), String(count), String(SIDE)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: {} })
    peaks.push(Number(stdout))
  }
  const grown = peaks[1]! - peaks[0]!
  const values = (MANY - FEW) * SIDE * SIDE * FLOAT_BYTES
  t.log(`${(grown / 1e6).toFixed(0)} MB, of ${(values / 1e6).toFixed(0)} MB of values`)
  t.true(peaks.every(peak => peak > 2e7))
  t.true(grown < values / 3, `${grown}`)
})
