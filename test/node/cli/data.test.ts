// Claims of `confrere data`: files are checked one by one, also without a study; a data set is read once, has a name, and a
// study takes it by its approval; what was kept of it goes with it.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { encode } from 'fast-png'
import { EXIT } from '../../../node/errors.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { confrere, fails, works } from '../../helpers/cli.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const CONTRACT = `[contract]
kind = "image"
shape = [4, 4, 1]
classes = ["healthy", "ill"]
patients = true
pixels = { grey = "display", resize = "area", fit = "stretch" }
`

function png(shade: number): Uint8Array {
  const data = Uint8Array.from({ length: 64 }, (_, at) => (at * 3 + shade) % 256)
  return encode({ width: 8, height: 8, channels: 1, depth: 8, data })
}

/** Two patients with two images each, one damaged file, and one that is no image. */
async function images(t: ExecutionContext) {
  const root = await temporaryFolder(t)
  const folder = join(root, 'archive')
  for (const [at, name] of ['healthy/anna-1', 'healthy/anna-2', 'ill/berta-1', 'ill/berta-2'].entries()) {
    await mkdir(join(folder, name.split('/')[0]!), { recursive: true })
    await writeFile(join(folder, `${name}.png`), png(at * 10))
  }
  await writeFile(join(folder, 'ill', 'carla-1.png'), png(50).subarray(0, 60))
  await writeFile(join(folder, 'notes.doc'), 'anna')
  const contract = join(root, 'contract.toml')
  await writeFile(contract, CONTRACT)
  const data = join(root, 'node')
  await works(t, 'init', '--data', data, '--site', 'S')
  return { root, folder, contract, data, names: ['--names', '{label}/{patient}-{}.png'] }
}

test('without a study each file is said to be readable or not, with the hash of what it holds', async t => {
  const { folder } = await images(t)
  const { files } = JSON.parse(await works(t, 'data', 'check', folder, '--json'))
  t.deepEqual(
    files.map(({ file, ok }: { file: string; ok: boolean }) => [file, ok]),
    [
      ['healthy/anna-1.png', true],
      ['healthy/anna-2.png', true],
      ['ill/berta-1.png', true],
      ['ill/berta-2.png', true],
      ['ill/carla-1.png', false],
      ['notes.doc', false],
    ],
  )
  for (const { ok, reason, sha256 } of files) {
    t.is(ok, reason === null)
    if (ok) t.regex(sha256, /^[0-9a-f]{64}$/)
  }
  t.is(new Set(files.slice(0, 4).map(({ sha256 }: { sha256: string }) => sha256)).size, 4)
})

test('with a contract, labels, patients and what does not fit are said in words', async t => {
  const { folder, contract, names } = await images(t)
  const said = await works(t, 'data', 'check', folder, '--contract', contract, ...names)
  t.regex(said, /^ill\/carla-1\.png: it is damaged/m)
  t.regex(said, /^notes\.doc: it is of no kind that is read/m)
  t.regex(said, /^Files {5}4 of 6 fit\nRecords {3}4: healthy 2, ill 2\nPatients {2}2$/m)
  const nobody = await confrere('data', 'check', folder, '--contract', contract)
  t.is(nobody.code, EXIT.dataUnreadable)
  t.regex(nobody.stdout, /nothing says whose it is.*\n[\s\S]*Files {5}0 of 6 fit/)
  t.regex(await fails(t, EXIT.dataUnreadable, 'data', 'check', join(folder, 'gone')), /it is not there/)
  t.regex(await fails(t, EXIT.usage, 'data', 'check', folder, ...names, '--list', 'x.csv'), /not from both/)
})

test('a data set is read once, named, listed, taken by a study, and removed with what was kept of it', async t => {
  const { root, folder, contract, data, names } = await images(t)
  const add = (name: string) => ['data', 'add', name, folder, '--contract', contract, '--data', data, ...names]
  t.regex(await works(t, ...add('chest')), /Records {3}4: .*\nPatients {2}2\nAdded "chest"/)
  t.regex(await fails(t, EXIT.config, ...add('chest')), /There is a data set "chest" already/)
  t.regex(await fails(t, EXIT.usage, ...add('My Data')), /is no name of a data set/)
  t.is((await readdir(join(data, 'records'))).length, 2)
  const folders = [data, ...['b', 'c'].map(name => join(root, name))]
  for (const other of folders.slice(1)) await works(t, 'init', '--data', other, '--site', other)
  const peers = await Promise.all(folders.map(async one => (await loadIdentity(one)).peer))
  const [spec, study] = [join(root, 'spec.toml'), join(root, 'spec.study')]
  const kept = CONTRACT.replace('[contract]\n', '').trimEnd()
  const text = specText(peers, { units: 'units = 1000' }).replace(/(?<=\[contract\]\n)(?:[^[].*\n)+/, `${kept}\n`)
  await writeFile(spec, text)
  await works(t, 'study', 'new', spec, '--out', study, '--data', data)
  const approve = ['study', 'approve', study, '--data', data]
  t.regex(await fails(t, EXIT.config, ...approve, '--dataset', 'lungs'), /no data set "lungs".*\n.*chest/)
  const said = await works(t, ...approve, '--dataset', 'chest')
  t.regex(said, /Unit {6}patient: 1000/)
  t.regex(said, /Own data {2}4 records, 4x4x1, read and fitting the study; they are of 2 patients/)
  t.regex(await works(t, 'data', 'list', '--data', data), /^chest .*archive \(train\), for /)
  t.regex(await fails(t, EXIT.config, 'data', 'remove', 'chest', '--data', data), /takes the data set "chest"/)
  await works(t, ...add('more'))
  await works(t, ...approve, '--dataset', 'more')
  const records = (await readdir(join(data, 'records'))).sort()
  t.regex(await works(t, 'data', 'remove', 'chest', '--data', data), /"more" has the same records, which stay kept/)
  t.deepEqual((await readdir(join(data, 'records'))).sort(), records)
  t.false((await readFile(join(data, 'config.toml'), 'utf8')).includes('[datasets.chest]'))
  t.true((await readFile(join(data, 'config.toml'), 'utf8')).includes('[datasets.more]'))
  t.is((await readdir(folder)).length, 3)
  await works(t, ...add('last'))
  t.regex(await works(t, 'data', 'remove', 'last', '--data', data), /which stay kept/)
  await works(t, 'study', 'approve', study, '--data', data, '--dataset', 'more')
})

test('the last data set of some files takes what was kept of them with it', async t => {
  const { folder, contract, data, names } = await images(t)
  await works(t, 'data', 'add', 'chest', folder, '--contract', contract, '--data', data, ...names)
  t.regex(await works(t, 'data', 'remove', 'chest', '--data', data), /and what was kept of its records/)
  t.deepEqual(await readdir(join(data, 'records')), [])
})

test('a patient who withdraws is out of what is kept, of later imports and of later approvals, and nobody is named', async t => {
  const { root, folder, contract, data, names } = await images(t)
  const add = (name: string) => ['data', 'add', name, folder, '--contract', contract, '--data', data, ...names]
  await works(t, ...add('chest'))
  const [list, letters] = [join(root, 'patients.txt'), join(root, 'letters')]
  await writeFile(list, 'berta\nnobody\n')
  const withdraw = ['data', 'withdraw', list, '--data', data]
  const said = await works(t, ...withdraw, '--letters', letters)
  t.regex(said, /^2 patients are out from the next round on/m)
  t.regex(said, /2 kept records were deleted/)
  t.deepEqual((await readdir(letters)).sort(), ['letter-1.html', 'letter-2.html'])
  const kept = await readFile(join(data, 'patients', 'withdrawn.jsonl'), 'utf8')
  for (const text of [said, kept, await readFile(join(letters, 'letter-1.html'), 'utf8')])
    t.false(text.includes('berta'))
  t.regex(await works(t, ...withdraw), /^0 patients are out.*\n2 were out before/m)
  const again = await works(t, ...add('again'))
  t.regex(again, /berta-1\.png: its patient has withdrawn: it stays out/)
  t.regex(again, /Records {3}2: healthy 2, ill 0\nPatients {2}1/)
  t.is(JSON.parse(await works(t, ...withdraw, '--json')).deleted, 0)
})
