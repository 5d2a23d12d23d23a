// Claims: each bug of clipping, counting and sampling is seen by the check that is there for it; each bug of the list can
// be planted, and one that cannot is found.

import test from 'ava'
import { misfitsOf, type SourcePlant } from '../helpers/tree/plant.ts'
import { BATTERY } from './battery.ts'
import { testPlants } from './planted/hunting.ts'
import { PLANTS } from './planted/plants.ts'
import { RECORD_PLANTS } from './planted/record-plants.ts'

test('every bug can be planted, and is looked for by a check that is there', t => {
  t.deepEqual(misfitsOf(PLANTS), [])
  const checks = BATTERY.map(({ name }) => name)
  t.deepEqual(
    PLANTS.filter(({ seenBy }) => !checks.includes(seenBy)),
    [],
  )
  t.deepEqual(
    checks.filter(name => !PLANTS.some(({ seenBy }) => seenBy === name)),
    [],
    'checks that no bug puts to the test',
  )
})

test('a bug that cannot be planted is found: no such file, text or change, or a name twice', t => {
  const plant: SourcePlant = { ...PLANTS[0]!, name: 'plant' }
  t.deepEqual(misfitsOf([plant, plant]), [])
  const misfits: [SourcePlant, RegExp][] = [
    [{ ...plant, file: 'crypto/no-such-file.ts' }, /there is no crypto\/no-such-file\.ts/],
    [{ ...plant, find: 'no such text' }, /holds 0 times/],
    [{ ...plant, find: '' }, /not once/],
    [{ ...plant, find: 'import' }, /not once/],
    [{ ...plant, replace: plant.find }, /nothing is replaced/],
  ]
  for (const [misfit, message] of misfits) t.regex(misfitsOf([misfit]).join(), message)
  t.regex(misfitsOf([plant, { ...plant, replace: 'another' }]).join(), /another bug has this name/)
})

testPlants(RECORD_PLANTS)
