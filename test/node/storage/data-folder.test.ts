// Claims of node/storage/data-folder.ts and node/storage/atomic-file.ts: a folder that cannot be written to gives one sentence, and a
// file is wholly there or not at all.

import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { writeFileAtomic, writeFileNew } from '../../../node/storage/atomic-file.ts'
import { folderUnusable, requireDataFolder } from '../../../node/storage/data-folder.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

test('whatever keeps a folder from being written to is the same error', t => {
  for (const code of ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOSPC']) {
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
