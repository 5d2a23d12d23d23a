// Claims: four real nodes count a table of their own rows, hospital by hospital the same one; it is charged once, within its
// epsilon; the result is printed in three forms; what needs a model is refused in words, and status and page go on.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT } from '../../node/errors.ts'
import { confrere, fails, startProcess, works } from '../helpers/cli.ts'
import { createSites, fetchJson, roundsOf, until } from '../helpers/study/sites.ts'
import { tableSpecText } from '../helpers/study/table-study.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** Rows of a hospital: ages around 50, and one weight in ten missing. */
function rowsOf(hospital: number): string {
  const rows = Array.from({ length: 100 }, (_, at) => {
    const weight = at % 10 === 0 ? '?' : 60 + ((at * 7) % 40)
    return `${30 + ((at * 13 + hospital) % 41)},${at % 3 === 0 ? 'a' : 'b'},${weight},${at % 4 === 0 ? 'yes' : 'no'}`
  })
  return ['age,ward,weight,sick', ...rows, ''].join('\n')
}

test('four nodes count a table', async t => {
  const sites = await createSites(t)
  const root = await temporaryFolder(t)
  const [spec, file] = [join(root, 'spec.toml'), join(root, 'table.study')]
  // against two of four all four are needed: none is left out because its machine is busy
  const hospitals = sites.map(({ peer }, at) => `[[hospital]]\nname = "H ${at}"\npeer = "${peer}"\n`)
  await writeFile(spec, `${tableSpecText('', { top: 'colluders = 2' })}[timing]\npreset = "lan"\n${hospitals.join('')}`)
  await works(t, 'study', 'new', spec, '--out', file, '--data', sites[0]!.folder)
  t.regex(await works(t, 'study', 'show', file), /Model {5}none\nTable {5}Nothing is trained/)
  const { study } = JSON.parse(await works(t, 'study', 'show', file, '--json'))
  for (const [at, { folder }] of sites.entries()) {
    const rows = join(root, `rows-${at}`)
    await mkdir(rows)
    await writeFile(join(rows, 'rows.csv'), rowsOf(at))
    await works(t, 'data', 'add', 'rows', rows, '--contract', file, '--data', folder)
    await works(t, 'study', 'approve', file, '--data', folder, '--dataset', 'rows')
  }
  const show = ['study', 'table', study.slice(0, 8), '--data']
  t.regex(await fails(t, EXIT.dataUnreadable, ...show, sites[0]!.folder), /There is no checkpoint/)
  const nodes = sites.map(({ folder }) => startProcess(t, folder))
  const ended = await Promise.all(sites.map((site, at) => until(site, nodes[at]!, ({ phase }) => phase === 'finished')))
  t.is(new Set(ended.map(({ checkpoint }) => checkpoint)).size, 1)
  const rounds = (await roundsOf(sites[0]!))!
  t.deepEqual(
    rounds.map(({ contributors }) => contributors.length),
    [4],
  )
  const detail = await fetchJson<{ description: { title: string }[] }>(sites[0]!, `/v1/studies/${study}`)
  t.true(JSON.stringify(detail).includes('What is counted'))
  t.regex(JSON.stringify(detail), /"result":\["Units \d+ \(/)
  for (const node of nodes) node.child.kill('SIGTERM')
  t.deepEqual(await Promise.all(nodes.map(node => node.exited)), [0, 0, 0, 0])
  for (const node of nodes) t.notRegex(node.log(), /"level":"(error|fatal)"/)

  const tables = await Promise.all(sites.map(({ folder }) => works(t, ...show, folder, '--json')))
  t.is(new Set(tables).size, 1, 'every hospital has the same table')
  const table = JSON.parse(tables[0]!)
  const held = ({ low, high }: { low: number; high: number }, exact: number, slack: number): boolean =>
    low - slack <= exact && exact <= high + slack
  // an interval of 95 % and as much again: five figures are looked at
  t.true(held(table.units, 400, 40))
  t.true(held(table.columns[0].groups[0].mean, 50, 3))
  t.true(held(table.columns[1].groups[0].missing, 40, 40))
  const { folder } = sites[0]!
  t.regex(await works(t, ...show, folder), /^Study {5}Counted\nUnits/)
  t.regex(await works(t, ...show, folder, '--csv'), /^column,class,figure,value,low,high\n/)
  for (const site of sites) {
    const verified = JSON.parse(await works(t, 'privacy', 'verify', '--data', site.folder, '--json'))
    t.like(verified, { verified: true, charges: 1 })
    const { code, stdout } = await confrere('privacy', 'show', '--data', site.folder, '--json')
    t.is(code, 0)
    t.regex(stdout, /"charged": 1/)
  }
  const none = /counts a table and trains no model/
  t.regex(await fails(t, EXIT.usage, 'predict', join(root, 'rows-0/rows.csv'), '--data', folder), none)
  t.regex(await fails(t, EXIT.usage, 'evaluate', '--dataset', 'rows', '--data', folder), none)
  const out = join(root, 'exported')
  t.regex(await fails(t, EXIT.usage, 'export', out, '--format', 'onnx', '--without-audit', '--data', folder), none)
  t.regex(await fails(t, EXIT.usage, 'audit', '--data', folder, '--out', join(root, 'a.html')), none)
})
