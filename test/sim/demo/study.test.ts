// Claim of sim/demo/study.ts: the spec that it writes is one that the product accepts, and the seed fixes the first
// parameters and nothing else.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { peerIdString } from '../../../node/storage/identity.ts'
import { documentOfSpec, readStudySpec } from '../../../node/study/study-spec.ts'
import { trainingRounds } from '../../../protocols/study/rounds.ts'
import { parseOptions } from '../../../sim/demo/options.ts'
import { specText } from '../../../sim/demo/study.ts'
import { siteName } from '../../../sim/processes/node-process.ts'
import { testSigners } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const CONTRACT = { shape: [28, 28, 1], classes: ['clear', 'opacity'], count: 4000, synthetic: true } as const

async function documentOf(folder: string, args: string, hospitals = 4) {
  const sites = testSigners(hospitals).map(({ id }, at) => ({ site: siteName(at), peer: peerIdString(id) }))
  const file = join(folder, 'spec.toml')
  await writeFile(file, specText(CONTRACT, sites, parseOptions(args.split(' ').filter(Boolean))))
  return documentOfSpec(await readStudySpec(file), { created: '2026-01-01T00:00:00Z', file }).document
}

test('the options reach the study', async t => {
  const folder = await temporaryFolder(t)
  const document = await documentOf(folder, '--rounds 30 --epsilon 2 --delta 1e-6 --colluders 2', 5)
  t.is(trainingRounds(document), 30)
  t.like(document.privacy, { epsilon: 2, delta: 1e-6, colluders: 2, noise: 'distributed' })
  t.is(document.profile, 'byzantine')
  t.deepEqual(document.contract, { kind: 'image', shape: [28, 28, 1], classes: ['clear', 'opacity'] })
  t.deepEqual(document.hospitals.map(({ name }) => name).sort(), ['Alder', 'Birch', 'Cedar', 'Elm', 'Fir'])
})

test('three hospitals get the crash profile', async t => {
  t.is((await documentOf(await temporaryFolder(t), '', 3)).profile, 'crash')
})

test('two hospitals are refused', async t => {
  const folder = await temporaryFolder(t)
  await t.throwsAsync(documentOf(folder, '', 2), { code: 'study-refused', message: /at least 3 hospitals/ })
})

test('the seed fixes the first parameters', async t => {
  const folder = await temporaryFolder(t)
  const seedOf = async (args: string) => (await documentOf(folder, args)).initialSeed
  t.deepEqual(await seedOf('--seed 5'), await seedOf('--seed 5 --rounds 7'))
  t.notDeepEqual(await seedOf('--seed 5'), await seedOf('--seed 6'))
})
