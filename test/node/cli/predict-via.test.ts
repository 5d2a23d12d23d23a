// Claims of `confrere pass` and `confrere predict --via`, with real processes: three hospitals train a small model, one of
// them makes a pass, and a client without a data folder gets what the hospitals' own `predict` says; a hospital that is gone,
// a pass that was taken back, and models that are not linear are told in words.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { EXIT } from '../../../node/errors.ts'
import { NOTICE } from '../../../node/prediction/predict.ts'
import { confrere, fails, startProcess, works } from '../../helpers/cli.ts'
import { createSites, foundStudy, type Site, until } from '../../helpers/study/sites.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const addressOf = ({ port, peer }: Site) => `/ip4/127.0.0.1/tcp/${port}/p2p/${peer}`

async function foundLogistic(
  t: ExecutionContext,
  root: string,
  sites: readonly Site[],
  changes: Record<string, string> = {},
): Promise<void> {
  const lines = {
    rounds: 'rounds = 3',
    shape: 'shape = [28, 28, 1]',
    units: 'units = 180',
    filters: null,
    groups: null,
    ...changes,
  }
  const text = specText(
    sites.map(({ peer }) => peer),
    lines,
  )
  const [spec, file] = [join(root, 'spec.toml'), join(root, 'a.study')]
  await writeFile(spec, text.replace('preset = "cnn"', 'preset = "logistic"'))
  await works(t, 'study', 'new', spec, '--out', file, '--data', sites[0]!.folder)
  for (const { folder } of sites) await works(t, 'study', 'approve', file, '--data', folder)
}

interface Line {
  probabilities: { class: string; probability: number }[]
  via: { hospitals: string[]; colluders: number; checked: boolean }
  notice: string
  checkpoint: string
}
const linesOf = (stdout: string): Line[] =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

test('a client that is no member gets the predictions of the model that three hospitals trained', async t => {
  const root = await temporaryFolder(t)
  const all = await createSites(t)
  const [first, second, third] = all as [Site, Site, Site, Site]
  const sites = [first, second, third]
  await foundLogistic(t, root, sites)
  const nodes = sites.map(({ folder }) =>
    startProcess(t, folder, '--set', 'serve.predictions=true', '--set', 'serve.predictionsPerHour=1000'),
  )
  await Promise.all(sites.map((site, at) => until(site, nodes[at]!, ({ phase }) => phase === 'finished')))

  const pass = join(root, 'practice.pass')
  const addresses = [second, third].flatMap(site => ['--address', addressOf(site)])
  const made = await works(
    t,
    'pass',
    'new',
    'a practice',
    '--data',
    first.folder,
    '--out',
    pass,
    ...addresses,
    '--json',
  )
  const { client } = JSON.parse(made)
  t.regex(await fails(t, EXIT.usage, 'pass', 'new', 'x', '--data', first.folder, '--out', pass), /exists already/)
  t.regex(await works(t, 'pass', 'list', '--data', first.folder), new RegExp(`${client} {2}a practice`))

  const { records } = all[3]!
  const own = linesOf(await works(t, 'predict', records, '--data', first.folder, '--format', 'jsonl'))
  const asked = await confrere('predict', records, '--via', pass, '--format', 'jsonl')
  t.is(asked.code, 0, asked.stderr)
  const found = linesOf(asked.stdout)
  t.is(found.length, 60)
  for (const [at, line] of found.entries()) {
    t.deepEqual([line.checkpoint, line.notice], [own[at]!.checkpoint, NOTICE])
    for (const [row, { probability }] of line.probabilities.entries()) {
      t.true(Math.abs(probability - own[at]!.probabilities[row]!.probability) < 1e-5)
    }
  }
  t.like(found[0]!.via, { colluders: 1, checked: true })
  t.is(found[0]!.via.hospitals.length, 3)
  t.regex(asked.stderr, /learn nothing of a record unless more than 1 of them/)
  t.regex(asked.stderr, /2 linear functions of the model's weights for each share of a record/)

  // one is gone, and one takes the pass back
  nodes[2]!.child.kill('SIGTERM')
  await nodes[2]!.exited
  const table = await confrere('predict', records, '--via', pass)
  t.is(table.code, 0, table.stderr)
  t.regex(table.stderr, /Hospital 2 .*does not answer: /)
  t.regex(table.stderr, /a wrong answer of one of them is NOT found/)
  t.regex(table.stdout, /of which any 1 together learn nothing of a record; a wrong answer of one is NOT found/)
  await works(t, 'pass', 'revoke', client, '--data', second.folder)
  const refused = await confrere('predict', records, '--via', pass)
  t.is(refused.code, EXIT.nodeUnreachable)
  t.regex(refused.stderr, /the hospital has taken the pass back/)
  t.regex(nodes[1]!.log(), /a client of predictions was refused: the hospital has taken the pass back/)

  const damaged = join(root, 'damaged.pass')
  const bytes = await readFile(pass)
  bytes[60]! ^= 1
  await writeFile(damaged, bytes)
  t.regex(await fails(t, EXIT.verificationFailed, 'predict', records, '--via', damaged), /changed or damaged/)
  t.regex(await fails(t, EXIT.usage, 'predict', records), /where the model is/)
  t.regex(await fails(t, EXIT.usage, 'predict', records, '--via', pass, '--heat-map', root), /heat map/)
})

test('a pass for a model that is not linear is refused by the name of the model, with the reason', async t => {
  const root = await temporaryFolder(t)
  const sites = await createSites(t)
  await foundStudy(t, sites, { rounds: 'rounds = 1' })
  const args = ['pass', 'new', 'x', '--data', sites[0]!.folder, '--out', join(root, 'x.pass')]
  const said = await fails(t, EXIT.incompatibleStudy, ...args)
  t.regex(said, /The model of "Spec" is a cnn, and private prediction works for linear ones alone/)
  t.regex(said, /hand the model out instead/)
})

// one more set of processes: the suite leaves it out, CONTRIBUTING.md says how to run it
const long = process.env['CONFRERE_LONG'] === '1' ? test : test.skip
long('four hospitals of which any two learn nothing answer by three shares (with CONFRERE_LONG=1)', async t => {
  const root = await temporaryFolder(t)
  const sites = await createSites(t)
  const [first] = sites as [Site]
  await foundLogistic(t, root, sites, { rounds: 'rounds = 3\ncolluders = 2', units: 'units = 240' })
  const nodes = sites.map(({ folder }) => startProcess(t, folder, '--set', 'serve.predictions=true'))
  await Promise.all(sites.map((site, at) => until(site, nodes[at]!, ({ phase }) => phase === 'finished')))
  const pass = join(root, 'practice.pass')
  const addresses = sites.slice(1).flatMap(site => ['--address', addressOf(site)])
  await works(t, 'pass', 'new', 'a practice', '--data', first.folder, '--out', pass, ...addresses)
  const own = linesOf(await works(t, 'predict', first.records, '--data', first.folder, '--format', 'jsonl'))
  const asked = await confrere('predict', first.records, '--via', pass, '--format', 'jsonl')
  t.is(asked.code, 0, asked.stderr)
  const found = linesOf(asked.stdout)
  t.is(found.length, own.length)
  t.like(found[0]!.via, { colluders: 2, checked: false })
  for (const [at, line] of found.entries()) {
    for (const [row, { probability }] of line.probabilities.entries()) {
      t.true(Math.abs(probability - own[at]!.probabilities[row]!.probability) < 1e-5)
    }
  }
})
