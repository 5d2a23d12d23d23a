// Claim of node/datasets/numpy/npz.ts: a file takes little more memory than its inputs, whatever the type of its numbers. It is
// read in a process of its own, whose peak no other test raises.
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { zipSync } from 'fflate'
import { npy } from '../arrays.ts'

const [COUNT, SIDE] = [2600, 64]
const VALUES = COUNT * SIDE * SIDE
const READER = new URL('../../../../node/datasets/numpy/npz.ts', import.meta.url).href
const SCRIPT = `
  import { readNpz } from ${JSON.stringify(READER)}
  const before = process.memoryUsage.rss()
  const options = { split: 'train', shape: [${SIDE}, ${SIDE}, 1], classes: ['no', 'yes'] }
  const { count } = await readNpz(process.argv[1], options)
  console.log(JSON.stringify({ count, grown: process.resourceUsage().maxRSS * 1024 - before }))
`

for (const [descr, body] of [
  ['|u1', Uint8Array],
  ['<u2', Uint16Array],
  ['<f8', Float64Array],
] as const) {
  test.serial(`2,600 images of ${descr} grow the process by at most 3 times their float32 size`, async t => {
    const file = join(tmpdir(), `confrere-memory-${process.pid}-${body.name}.npz`)
    t.teardown(() => rm(file, { force: true }))
    const values = new body(VALUES)
    values[0] = descr === '<u2' ? 65535 : 1
    const train_images = npy(values, { descr, shape: [COUNT, SIDE, SIDE] })
    const train_labels = npy(new Uint8Array(COUNT), { shape: [COUNT] })
    const entries = { 'train_images.npy': train_images, 'train_labels.npy': train_labels }
    await writeFile(file, zipSync(entries, { level: descr === '<f8' ? 1 : 0 }))
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT, file])
    const { count, grown } = JSON.parse(stdout)
    t.log(`${(grown / (VALUES * 4)).toFixed(2)} times`)
    t.is(count, COUNT)
    t.true(grown < 3 * VALUES * 4)
  })
}
