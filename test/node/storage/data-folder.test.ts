// Claims of node/storage/data-folder.ts and node/storage/atomic-file.ts: a folder that cannot be written to gives one sentence, and a
// file is wholly there or not at all.

import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { writeFileAtomic, writeFileNew } from '../../../node/storage/atomic-file.ts'
import {
  createDataFolder,
  folderUnusable,
  GITIGNORE_FILE,
  requireDataFolder,
} from '../../../node/storage/data-folder.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

test('whatever keeps a folder from being written to is the same error', t => {
  for (const code of ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOSPC', 'ENOENT', 'ELOOP']) {
    const error = folderUnusable('/x', Object.assign(new Error(code), { code }))
    t.true(error instanceof OperatorError && error.code === 'folder-not-writable' && error.exitCode === EXIT.config)
  }
})

test('other errors stay what they are', t => {
  const bug = new TypeError('bug')
  t.is(folderUnusable('/x', bug), bug)
  const known = new OperatorError('known', 'm', { hint: 'h', exitCode: EXIT.identity })
  t.is(folderUnusable('/x', known), known)
  t.is(folderUnusable('/x', null), null)
})

test('a usable folder is left as it was', async t => {
  const folder = await temporaryFolder(t)
  await requireDataFolder(folder)
  t.deepEqual(await readdir(folder), [])
  await t.throwsAsync(requireDataFolder(join(folder, 'none')), { instanceOf: OperatorError, code: 'folder-missing' })
})

test('a new data folder is for its owner alone and tells git to leave out all of it', async t => {
  const folder = join(await temporaryFolder(t), 'deep', 'new')
  await createDataFolder(folder, 'inside')
  t.is((await stat(folder)).mode & 0o777, 0o700)
  t.deepEqual((await readdir(folder)).sort(), [GITIGNORE_FILE, 'inside'])
  t.true((await readFile(join(folder, GITIGNORE_FILE), 'utf8')).split('\n').includes('*'))
})

test('a folder in which nothing can be made ends in an error, also for root, and not in an endless loop', async t => {
  if (process.platform !== 'linux') return t.pass('needs /proc')
  await t.throwsAsync(createDataFolder('/proc/confrere/deep', 'inside'), { message: /ENOENT|EACCES|EPERM/ })
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), '')
  await t.throwsAsync(createDataFolder(join(folder, 'file', 'deep'), 'inside'), { message: /EEXIST|ENOTDIR/ })
  await t.throwsAsync(createDataFolder(join(folder, 'file'), 'inside'), { message: /EEXIST|ENOTDIR/ })
})

test('making a data folder goes on after it was cut off, and replaces no other .gitignore', async t => {
  const folder = await temporaryFolder(t)
  await createDataFolder(folder, 'inside')
  await createDataFolder(folder, 'inside')
  await writeFile(join(folder, GITIGNORE_FILE), '*.log\n')
  await t.throwsAsync(createDataFolder(folder, 'inside'), { code: 'EEXIST' })
  t.is(await readFile(join(folder, GITIGNORE_FILE), 'utf8'), '*.log\n')
})

test('a data folder at a link to nowhere is one sentence', async t => {
  const root = await temporaryFolder(t)
  await symlink(join(root, 'nowhere'), join(root, 'link'))
  const error = await t.throwsAsync(createDataFolder(join(root, 'link'), 'inside'))
  t.true(folderUnusable('x', error) instanceof OperatorError)
})

test('a file is replaced as a whole, and a new one never replaces another', async t => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'a')
  await writeFileNew(file, 'first')
  await t.throwsAsync(writeFileNew(file, 'second'), { code: 'EEXIST' })
  t.is(await readFile(file, 'utf8'), 'first')
  await writeFileAtomic(file, 'third')
  t.is(await readFile(file, 'utf8'), 'third')
  t.deepEqual(await readdir(folder), ['a'])
})

test('a write that fails leaves no temporary file', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'a'))
  await t.throwsAsync(writeFileAtomic(join(folder, 'a'), 'x'))
  t.deepEqual(await readdir(folder), ['a'])
})
