// Claims of `confrere evaluate --report`: on a folder as a node leaves it behind, the report and its JSON are written for
// their owner alone, say the model, the readers and the groups, and no private name is printed.

import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { documentOfSpec, parseStudySpec } from '../../../node/study/study-spec.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { fails, works } from '../../helpers/cli.ts'
import { seededBytes } from '../../helpers/seeded-rng.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { addTrainedStudy } from '../../helpers/trained-folder.ts'

const COUNT = 60

/** Images of noise, those of the second class brighter. */
function archive(seed: string): Uint8Array {
  const labels = Uint8Array.from({ length: COUNT }, (_, at) => at % 2)
  const noise = seededBytes(seed, COUNT * 64)
  const values = noise.map((value, at) => (value >> 1) + 100 * labels[Math.floor(at / 64)]!)
  return encodeNpz({ test_images: { values, shape: [COUNT, 8, 8] }, test_labels: { values: labels, shape: [COUNT] } })
}

async function trained(t: ExecutionContext): Promise<{ folder: string; data: string; path: (name: string) => string }> {
  const folder = await temporaryFolder(t)
  const path = (name: string): string => join(folder, name)
  await works(t, 'init', '--data', path('node'), '--site', 'Kiel')
  const peers = plannedHospitals(3).map(({ peer }) => peer)
  const spec = parseStudySpec(specText(peers, { rounds: 'rounds = 3', units: 'units = 60' }), 'spec.toml', {
    hospitals: 'there',
  })
  const { document } = documentOfSpec(spec, { created: '2026-01-01T00:00:00Z', file: 'spec.toml' })
  const values = Float32Array.from(seededBytes('train', COUNT * 64), byte => byte / 255)
  const labels = Uint8Array.from({ length: COUNT }, (_, at) => at % 2)
  const dataset = { count: COUNT, shape: [8, 8, 1], inputs: values, labels }
  await addTrainedStudy(path('node'), document, [dataset, dataset, dataset])
  await writeFile(path('records.npz'), archive('test'))
  return { folder, data: path('node'), path }
}

test('a report with readers and groups is written for its owner, and says what was measured', async t => {
  const { data, path } = await trained(t)
  const rows = Array.from(
    { length: COUNT },
    (_, record) => `Dr. A,${record},${record % 2 === 1 ? 'pneumonia' : 'normal'}`,
  )
  await writeFile(path('readers.csv'), `reader,record,class\n${rows.join('\n')}\n`)
  const groups = Array.from({ length: COUNT }, (_, record) => `${record},${record < 40 ? 'f' : 'm'}`)
  await writeFile(path('sex.csv'), `record,sex\n${groups.join('\n')}\n`)
  const args = ['evaluate', '--data', data, '--npz', path('records.npz'), '--report', path('out.html')]
  const lists = ['--readers', path('readers.csv'), '--subgroup', `sex=${path('sex.csv')}`]
  const said = await works(t, ...args, ...lists, '--json-report', path('out.json'), '--threshold', 'youden')
  t.regex(said, /60 records, 95 % intervals/)
  t.regex(said, /covered by no epsilon: keep it here/)
  t.notRegex(said, /Dr\. A/)
  const page = await readFile(path('out.html'), 'utf8')
  t.regex(page, /Dr\. A/)
  t.regex(page, /By sex/)
  t.false(page.includes(path('')), 'no path of the machine')
  const json = JSON.parse(await readFile(path('out.json'), 'utf8'))
  t.deepEqual([json.records, json.round, json.data, json.readers[0].count], [60, 3, 'records.npz', 60])
  t.is(json.readers[0].accuracy.reader.value, 1)
  for (const file of ['out.html', 'out.json']) t.is((await stat(path(file))).mode & 0o777, 0o600)
  // the same records give the same figures
  await works(t, ...args, ...lists, '--json-report', path('again.json'), '--threshold', 'youden', '--force')
  const again = JSON.parse(await readFile(path('again.json'), 'utf8'))
  t.deepEqual({ ...again, written: json.written }, json)
  t.regex(await fails(t, 2, ...args), /it is there already/)
  const plain = JSON.parse(await works(t, 'evaluate', '--data', data, '--npz', path('records.npz'), '--json'))
  t.true(Math.abs(plain.auc - json.analysis.overall.macroAuc.value) < 1e-12, 'one rule for the area')
})

test('options that do not fit are refused before any work', async t => {
  const { data, path } = await trained(t)
  const args = ['evaluate', '--data', data, '--npz', path('records.npz')]
  t.regex(await fails(t, 2, ...args, '--threshold', 'youden'), /belong to a report/)
  t.regex(await fails(t, 2, ...args, '--report', path('a.html'), '--threshold', 'best'), /youden/)
  t.regex(await fails(t, 2, ...args, '--report', path('a.html'), '--subgroup', 'sex'), /a column and the file/)
  t.regex(await fails(t, 2, ...args, '--report', path('none/a.html')), /cannot be written/)
  await writeFile(path('readers.csv'), 'reader,record,class\nDr. A,0,SECRET\n')
  const said = await fails(t, 12, ...args, '--report', path('a.html'), '--readers', path('readers.csv'))
  t.regex(said, /row 1: the class is none/)
  t.notRegex(said, /SECRET/)
})
