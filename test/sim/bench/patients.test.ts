// Claims of sim/bench/patients.ts: a patient for every record, and a file of other records is refused.

import { join } from 'node:path'
import test from 'ava'
import { readNpz } from '../../../node/datasets/numpy/npz.ts'
import { parsePatients, readPatients } from '../../../sim/bench/patients.ts'
import { partition } from '../../../sim/demo/partition.ts'

const HEADER = 'split,row,file,patient,label3'
const text = (...lines: string[]) => `${[HEADER, ...lines].join('\r\n')}\r\n`
const train = { split: 'train', labels: [0, 2] }

test('each record of the split has its patient, in whatever order the lines are', t => {
  const file = text('test,0,c.jpeg,N9,1', 'train,1,b.jpeg,V7,2', 'train,0,a.jpeg,N1,0')
  t.deepEqual(parsePatients(file, train), ['N1', 'V7'])
  t.deepEqual(parsePatients(file.replaceAll('\r', ''), train), ['N1', 'V7'])
})

test('a file that is not of these records is refused with its line', t => {
  const first = 'train,0,a.jpeg,N1,0'
  const cases: [string, RegExp][] = [
    [text(first), /none for row 1/],
    [text(first, 'train,1,b.jpeg,V7,1'), /line 3: not the class/],
    [text(first, 'train,1,b.jpeg,V7,2', 'train,2,c.jpeg,V8,2'), /line 4: not the class/],
    [text(first, first), /line 3: row 0 stands there twice/],
    [text(first, 'train,1,b.jpeg,,2'), /line 3: no patient/],
    [text(first, 'train,1,b.jpeg,V7'), /line 3: 4 cells, not 5/],
    [text(first, 'train,1,"b",V7,2'), /line 3: quoted/],
    [text(first).replace('patient', 'person'), /no column "patient"/],
  ]
  for (const [file, message] of cases) t.throws(() => parsePatients(file, train), { message })
})

const data = process.env['CONFRERE_DATA']
const real = data === undefined ? test.skip : test
real('real chest X-rays: no patient is at two hospitals, or in training and test (needs CONFRERE_DATA)', async t => {
  const folder = join(data!, 'chest-xray-64')
  const read = async (split: string) => {
    const classes = ['normal', 'bacterial', 'viral']
    const { labels } = await readNpz(join(folder, 'chest-xray-64.npz'), { split, shape: [64, 64, 1], classes })
    return { labels, patients: await readPatients(join(folder, 'names.csv'), { split, labels }) }
  }
  const [{ labels, patients }, tested] = [await read('train'), await read('test')]
  const trained = new Set(patients)
  t.true(trained.size < patients.length)
  t.false(tested.patients.some(patient => trained.has(patient)))
  const places = partition(labels, { hospitals: 8, seed: 0, groups: patients }).map(
    part => new Set([...part].map(record => patients[record])),
  )
  t.is(
    places.reduce((sum, { size }) => sum + size, 0),
    trained.size,
  )
})
