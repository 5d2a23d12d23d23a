// Claim: four hospitals, each a process, run a template's study on its sample data by the product's own commands, from
// `init` to `evaluate`; their records to be measured on are in no hospital's training. Needs the folder of real data
// that CONFRERE_DATA names.

import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { runTemplate } from '../../sim/templates/processes.ts'
import { sampleFolder, writeSample } from '../../sim/templates/sample.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const data = process.env['CONFRERE_DATA']
const there = data !== undefined && existsSync(join(data, sampleFolder('heart-disease')))
const sample = there ? test : test.skip
const skipped = there ? '' : ' (skipped: CONFRERE_DATA names no folder with heart-disease/)'

sample(`four processes run heart-disease on the four hospitals' own files${skipped}`, async t => {
  const root = await temporaryFolder(t)
  await mkdir(join(root, 'sample'))
  const sources = await writeSample('heart-disease', { data: data!, root: join(root, 'sample') })
  const row = await runTemplate('heart-disease', { sources, root, rounds: 6 })
  t.like(row, { template: 'heart-disease', epsilon: 8, units: 486, rounds: 6, test: 254 })
  t.is(new Set(row.checkpoints).size, 1)
  t.regex(row.checkpoints[0]!, /^[0-9a-f]{64}$/)
  // always the same answer has 0.516; six rounds had 0.78
  t.true(row.accuracy > row.constant + 0.1, String(row.accuracy))
})

sample(`no row that is measured on is trained on, and none is lost${skipped}`, async t => {
  const root = await temporaryFolder(t)
  const sources = await writeSample('heart-disease', { data: data!, root })
  const linesOf = async (path: string, split: string) =>
    (await readFile(join(path, split, 'heart.data'), 'utf8')).trim().split('\n').length
  const counts = await Promise.all(
    sources.map(async ({ path }) => [await linesOf(path, 'train'), await linesOf(path, 'test')]),
  )
  t.is(
    counts.flat().reduce((sum, count) => sum + count, 0),
    920,
  )
  t.is(
    counts.reduce((sum, [, test]) => sum + test!, 0),
    254,
  )
})
