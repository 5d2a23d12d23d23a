// Claims of sim/package/lockfile.ts: the shrinkwrap has what the program needs and nothing else, and no package comes
// along under a licence that nobody has looked at.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { type Lockfile, licenceViolations, nameOf, shrinkwrapOf } from '../../../sim/package/lockfile.ts'

const lock = JSON.parse(await readFile(join(import.meta.dirname, '../../../package-lock.json'), 'utf8')) as Lockfile

test('the shrinkwrap has every package that is not for development alone, as the lockfile pins it', t => {
  const { packages, ...rest } = shrinkwrapOf(lock)
  t.is(rest.lockfileVersion, lock.lockfileVersion)
  const { '': program, ...others } = packages
  t.false('devDependencies' in program!)
  t.deepEqual(program!['dependencies'], lock.packages['']!['dependencies'])
  for (const [folder, entry] of Object.entries(lock.packages))
    if (folder !== '') t.is(others[folder] !== undefined, !entry.dev, folder)
  for (const [folder, entry] of Object.entries(others)) t.regex(String(entry['integrity']), /^sha512-/, folder)
})

test('nothing in it names a place that packages are fetched from, which is for who installs it to say', t => {
  t.false(JSON.stringify(shrinkwrapOf(lock)).includes('"resolved"'))
})

test('every package may be passed on', t => {
  t.deepEqual(licenceViolations(lock), [])
})

test('a licence that is not allowed, or none, is found; of alternatives one is enough', t => {
  const violations = (license: string | undefined, folder = 'node_modules/x') =>
    licenceViolations({
      lockfileVersion: 3,
      packages: { '': {}, [folder]: { version: '1.0.0', ...(license && { license }) } },
    })
  for (const fine of ['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC', '(MIT AND Zlib)'])
    t.deepEqual(violations(fine), [], fine)
  for (const bad of [undefined, 'GPL-3.0', 'MIT AND AGPL-3.0', 'SEE LICENSE IN x', 'LGPL-3.0-or-later'])
    t.deepEqual(violations(bad), [`x 1.0.0: ${bad ?? 'no licence'}`])
  t.deepEqual(violations('Apache-2.0 AND LGPL-3.0-or-later', 'node_modules/@img/sharp-libvips-linux-x64'), [])
  t.is(nameOf('node_modules/a/node_modules/@b/c'), '@b/c')
})
