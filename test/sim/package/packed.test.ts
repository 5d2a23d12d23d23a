// Claims about the npm package: it has the program and no source, test, key or path of the machine that packed it; packing
// leaves the repository as it was; its bill of materials is the same each time; and three hospitals run with nothing else.

import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { packageFaults, packCopy, unpack } from '../../../sim/package/packed.ts'
import { trainThree } from '../../../sim/package/three-hospitals.ts'
import { stopAll } from '../../../sim/processes/child.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '../../..')
const TRAINED_MS_MAX = 240_000

let folder: string
let unpacked: string
let names: string[]
let bytes: number

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'confrere-test-'))
  // it rejects when packing leaves something behind
  const tarball = await packCopy(ROOT, folder)
  unpacked = join(folder, 'unpacked')
  names = await unpack(tarball, unpacked)
  bytes = (await stat(tarball)).size
  await symlink(join(ROOT, 'node_modules'), join(unpacked, 'node_modules'))
})

test.after.always(async () => {
  await stopAll()
  await rm(folder, { recursive: true, force: true })
})

test('the package has what it needs and nothing that does not belong in it', async t => {
  t.deepEqual(await packageFaults(unpacked, names, bytes), [])
})

test('a source, a test, a missing file, a path of this machine and too many bytes are found', async t => {
  const other = await temporaryFolder(t)
  await writeFile(join(other, 'a.ts'), '')
  await writeFile(join(other, 'b.js'), `const home = '${process.cwd()}/x'`)
  const faults = await packageFaults(other, ['a.ts', 'b.js'], 1e9)
  for (const fault of [
    'a.ts: does not belong',
    'LICENSE: is missing',
    `b.js: names ${process.cwd()}`,
    '1000000000 bytes',
  ])
    t.true(
      faults.some(line => line.includes(fault)),
      fault,
    )
})

test('the bill of materials lists every pinned package with a licence, and nothing that changes from run to run', async t => {
  const sbom = JSON.parse(await readFile(join(unpacked, 'sbom.cdx.json'), 'utf8'))
  const pinned = JSON.parse(await readFile(join(unpacked, 'npm-shrinkwrap.json'), 'utf8'))
  t.is(sbom.bomFormat, 'CycloneDX')
  t.is(sbom.metadata.component.name, 'confrere')
  t.is(sbom.serialNumber, undefined)
  t.is(sbom.metadata.timestamp, undefined)
  const listed = new Set(sbom.components.map(({ purl }: { purl: string }) => decodeURIComponent(purl)))
  for (const [place, { version }] of Object.entries<{ version: string }>(pinned.packages)) {
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
    if (place !== '') t.true(listed.has(`pkg:npm/${name}@${version}`), place)
  }
  for (const component of sbom.components) t.true(component.licenses.length > 0, component.name)
})

test('the notices name every pinned package, with the words of its licence', async t => {
  const notices = await readFile(join(unpacked, 'THIRD-PARTY-NOTICES'), 'utf8')
  const { packages } = JSON.parse(await readFile(join(unpacked, 'npm-shrinkwrap.json'), 'utf8'))
  for (const place of Object.keys(packages).filter(one => one !== ''))
    t.true(
      notices.includes(`${place.slice(place.lastIndexOf('node_modules/') + 13)} ${packages[place].version} (`),
      place,
    )
  t.regex(notices, /Permission is hereby granted/)
})

test('the command of the package says its version, from an empty folder', async t => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(unpacked, 'dist/node/cli/main.js'), '--version'],
    {
      cwd: await temporaryFolder(t),
      encoding: 'utf8',
    },
  )
  t.is(stderr, '')
  t.is(status, 0)
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/)
})

test.serial('three hospitals of the package train one model', async t => {
  const program = join(unpacked, 'dist/node/cli/main.js')
  const signal = AbortSignal.timeout(TRAINED_MS_MAX)
  t.regex(await trainThree(program, { folder: join(folder, 'hospitals'), rounds: 2, signal }), /^[0-9a-f]{64}$/)
})
