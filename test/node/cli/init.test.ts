// Claims of `confrere init`: what is wrong with the folder or the records is said before anything is written, a source
// tree is refused, and who follows a hint succeeds. The real program is started each time.

import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { readConfig } from '../../../node/config/config.ts'
import { EXIT } from '../../../node/errors.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { fails, works } from '../../helpers/cli.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const IMAGES = { values: new Uint8Array(3 * 4), shape: [3, 2, 2] }
const LABELS = { values: Uint8Array.of(0, 1, 0), shape: [3] }
/** inside the deflated images */
const FLIPPED_AT = 80

async function place(t: ExecutionContext) {
  const root = await temporaryFolder(t)
  const npz = join(root, 'records.npz')
  await writeFile(npz, encodeNpz({ train_images: IMAGES, train_labels: LABELS }))
  return { root, npz, folder: join(root, 'node') }
}

test('records are counted, and the config names them', async t => {
  const { folder, npz } = await place(t)
  const printed = await works(t, 'init', '--data', folder, '--site', 'S', '--npz', npz)
  t.regex(printed, /Records: 3, 2x2\./)
  t.notRegex(printed, /To do|Warning/)
  t.deepEqual((await readConfig(folder)).data, { file: npz, split: 'train' })
})

test('without records init says how they are added to a proposed study, and who types that has approved it', async t => {
  const { root, folder, npz } = await place(t)
  const folders = [folder, join(root, 'b'), join(root, 'c')]
  const printed = await works(t, 'init', '--data', folder, '--site', 'S')
  for (const data of folders.slice(1)) await works(t, 'init', '--data', data, '--site', 'S')
  t.is((await readConfig(folder)).data.file, null)
  const peers = await Promise.all(folders.map(async data => (await loadIdentity(data)).peer))
  const [spec, file] = [join(root, 'spec.toml'), join(root, 'x.study')]
  const images = { values: Uint8Array.from({ length: 3 * 64 }, (_, at) => at), shape: [3, 8, 8] }
  await writeFile(npz, encodeNpz({ train_images: images, train_labels: LABELS }))
  await writeFile(spec, specText(peers))
  await works(t, 'study', 'new', spec, '--out', file, '--data', folder)
  await works(t, 'study', 'propose', file, '--data', folder)
  const said = printed.slice(printed.indexOf('To do:'))
  const list = /"confrere (study list .*?)"/.exec(said)?.[1]?.split(' ') ?? []
  const id = /^[0-9a-f]+/.exec(await works(t, ...list))?.[0] ?? ''
  const typed = [...said.matchAll(/^ {2}confrere (.*)$/gm)].map(([, command]) =>
    (command as string).split(' ').map(word => ({ NAME: 'chest', PATH: npz, STUDY: id })[word] ?? word),
  )
  t.is(typed.length, 2)
  const [, approved] = [await works(t, ...typed[0]!), await works(t, ...typed[1]!)]
  t.regex(approved, /Own data {2}3 records, 8x8x1, read and fitting the study/)
})

test('who keeps to the config names the records there, by the line that init left as a comment', async t => {
  const { folder } = await place(t)
  await works(t, 'init', '--data', folder, '--site', 'S')
  const file = join(folder, 'config.toml')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('# file =', 'file ='))
  t.is((await readConfig(folder)).data.file, join(folder, 'records.npz'))
})

test('records that cannot be used are refused with the reason, and nothing is written', async t => {
  const { root, folder, npz } = await place(t)
  const whole = await readFile(npz)
  const named = async (name: string, bytes: Uint8Array | string): Promise<string> => {
    await writeFile(join(root, name), bytes)
    return join(root, name)
  }
  await mkdir(join(root, 'folder.npz'))
  const flipped = Buffer.from(whole)
  flipped[FLIPPED_AT]! ^= 1
  const cases: [options: string[], message: RegExp][] = [
    [[join(root, 'none.npz')], /cannot be read: it is not there/],
    [[join(root, 'folder.npz')], /cannot be read: it is not a file/],
    [[join(npz, 'below.npz')], /a part of its path is not a folder/],
    [[await named('records.csv', 'age\n')], /records cannot be read: they are in no file type/],
    [[await named('text.npz', 'age\n')], /cannot be read: it is not a whole \.npz archive/],
    [[await named('cut.npz', whole.subarray(0, -30))], /cannot be read: it is not a whole \.npz archive/],
    [[await named('flipped.npz', flipped)], /cannot be read: .*damaged/],
    [[await named('bare.npz', encodeNpz({ train_images: IMAGES }))], /no array train_labels; it holds train_images/],
    [[npz, '--split', 'test'], /no array test_images or test_vectors; it holds train_images, train_labels/],
  ]
  const refused = async ([options, message]: (typeof cases)[number]): Promise<void> =>
    void t.regex(
      await fails(t, EXIT.dataUnreadable, 'init', '--data', folder, '--site', 'S', '--npz', ...options),
      message,
    )
  await Promise.all(cases.map(refused))
  await t.throwsAsync(stat(folder), { code: 'ENOENT' })
})

test('records that the user may not read are refused', async t => {
  const { folder, npz } = await place(t)
  if (process.getuid?.() === 0 || process.platform === 'win32') return t.pass('skipped: root may read every file')
  await chmod(npz, 0)
  const stderr = await fails(t, EXIT.dataUnreadable, 'init', '--data', folder, '--site', 'S', '--npz', npz)
  t.regex(stderr, /permission is denied/)
})

test('a source tree is refused with nothing changed; a new folder inside it is made, with a warning', async t => {
  const { root, folder } = await place(t)
  await mkdir(join(folder, '.git'), { recursive: true })
  const stderr = await fails(t, EXIT.config, 'init', '--data', folder, '--site', 'S')
  t.regex(stderr, /root of a source tree \(it holds \.git\)/)
  t.deepEqual(await readdir(folder), ['.git'])
  const inside = join(folder, 'new')
  t.regex(await works(t, 'init', '--data', inside, '--site', 'S'), /Warning: .* lies in the source tree/)
  t.regex(await readFile(join(inside, '.gitignore'), 'utf8'), /^\*$/m)
  t.notRegex(await works(t, 'init', '--data', join(root, 'apart'), '--site', 'S'), /Warning/)
})

test('a folder that holds the records and nothing else becomes a data folder', async t => {
  const { root, npz } = await place(t)
  await works(t, 'init', '--data', root, '--site', 'S', '--npz', npz)
  t.is((await readConfig(root)).data.file, npz)
})

test('a part of a data folder is not taken up, and the part that is lost is named', async t => {
  const { folder } = await place(t)
  const init = ['init', '--data', folder, '--site', 'S']
  await works(t, ...init)
  t.regex(await fails(t, EXIT.config, ...init), /config\.toml exists already.*\n.*Edit .*config\.toml, or choose/)
  await rm(join(folder, 'config.toml'))
  t.regex(await fails(t, EXIT.config, ...init), /identity\.key exists already.*\n.*Restore .*config\.toml from/)
  await works(t, 'init', '--data', `${folder}-2`, '--site', 'S')
  await rm(join(`${folder}-2`, 'identity.key'))
  t.regex(
    await fails(t, EXIT.config, 'init', '--data', `${folder}-2`, '--site', 'S'),
    /config\.toml exists already.*\n.*Restore .*identity\.key from/,
  )
})

test('a hospital’s key without its ledger is no new hospital: init refuses, and says what to restore', async t => {
  const { folder } = await place(t)
  await works(t, 'init', '--data', folder, '--site', 'S')
  const ledger = join(folder, 'privacy', 'ledger')
  t.is((await stat(ledger)).mode & 0o077, 0)
  for (const there of [['config.toml'], []]) {
    await rm(ledger, { force: true })
    if (there.length === 0) await rm(join(folder, 'config.toml'))
    const before = await readdir(folder)
    const stderr = await fails(t, EXIT.config, 'init', '--data', folder, '--site', 'S')
    t.regex(stderr, /its ledger, .*ledger, is missing: nothing was changed\n {2}hint: Restore the ledger/)
    t.deepEqual(await readdir(folder), before)
  }
})

test('a new key takes over the ledger of the one that it replaces, verified', async t => {
  const { root, folder } = await place(t)
  const old = join(import.meta.dirname, '../../vectors/ledger-format-1.txt')
  await works(t, 'init', '--data', folder, '--site', 'S', '--ledger', old, '--population', 'Site B')
  t.deepEqual(await readFile(join(folder, 'privacy', 'ledger')), await readFile(old))
  t.is((await readConfig(folder)).privacy.population, 'Site B')
  const [changed, other] = [join(root, 'changed'), join(root, 'other')]
  await writeFile(changed, (await readFile(old, 'utf8')).replace('"round":2', '"round":7'))
  await fails(t, EXIT.verificationFailed, 'init', '--data', other, '--site', 'S', '--ledger', changed)
  await fails(t, EXIT.dataUnreadable, 'init', '--data', other, '--site', 'S', '--ledger', join(root, 'none'))
  await t.throwsAsync(stat(other), { code: 'ENOENT' })
})
