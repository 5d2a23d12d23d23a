// Claims of node/datasets/folder.ts: regular files inside the folder come in order, all else is named, and nothing blocks.
import { execFile } from 'node:child_process'
import { appendFile, chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { type FolderLimits, type FoundFile, openFiles, openNamed } from '../../../node/datasets/folder.ts'
import { FileRefused } from '../../../node/datasets/reader.ts'
import { gathered } from '../../helpers/readings.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const run = promisify(execFile)

async function walked(path: string, limits?: FolderLimits): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const entry of openFiles(path, limits)) {
    found.set(entry.name, 'reason' in entry ? entry.reason : Buffer.from(await entry.file.whole(100)).toString())
  }
  return found
}

test('files come in the order of code points, folders in their place, with their content', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'b', 'c'), { recursive: true })
  // the last two change places in the order of UTF-16
  const names = ['B', 'a', 'b/c/x', 'b/y', 'z', '\uff21', '\u{1f600}']
  for (const name of names.toReversed()) await writeFile(join(folder, name), name)
  const found = await walked(folder)
  t.deepEqual([...found.keys()], names)
  t.deepEqual([...found.values()], names)
})

test('hidden entries and companions are passed over, in folders too', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'a', '__MACOSX'), { recursive: true })
  await mkdir(join(folder, '.git'))
  for (const name of ['.DS_Store', 'Thumbs.db', 'DICOMDIR', 'a/__MACOSX/x', '.git/x', 'a/1']) {
    await writeFile(join(folder, name), '')
  }
  t.deepEqual([...(await walked(folder)).keys()], ['a/1'])
})

test('links, pipes, sockets, devices and unreadable files are named, and what is beside them is read', async t => {
  const folder = await temporaryFolder(t)
  const outside = await temporaryFolder(t)
  await writeFile(join(outside, 'secret'), 'secret')
  await writeFile(join(folder, 'm'), 'fine')
  await symlink(join(outside, 'secret'), join(folder, 'a'))
  await symlink('m', join(folder, 'b'))
  await symlink(outside, join(folder, 'c'))
  await symlink('/dev/zero', join(folder, 'd'))
  await run('mkfifo', [join(folder, 'e')])
  const server = createServer().listen(join(folder, 'f'))
  t.teardown(() => server.close())
  await writeFile(join(folder, 'g'), '')
  await chmod(join(folder, 'g'), 0)
  const found = await walked(folder)
  t.is(found.get('m'), 'fine')
  for (const name of 'abcd') t.regex(found.get(name)!, /link/)
  t.regex(found.get('e')!, /named pipe/)
  t.regex(found.get('f')!, /socket/)
  // root may read everything
  if (process.getuid?.() !== 0) t.regex(found.get('g')!, /permission is denied/)
  t.is(found.size, 8)
})

test('a file of a folder that a link replaces during the walk is not read', async t => {
  const folder = await temporaryFolder(t)
  const outside = await temporaryFolder(t)
  await writeFile(join(outside, '1'), 'secret')
  await writeFile(join(outside, '2'), 'secret')
  await mkdir(join(folder, 'in'))
  for (const name of ['1', '2']) await writeFile(join(folder, 'in', name), 'own')
  const seen: FoundFile[] = []
  for await (const entry of openFiles(folder)) {
    seen.push(entry)
    if (seen.length > 1) continue
    await rename(join(folder, 'in'), join(folder, 'moved'))
    await symlink(outside, join(folder, 'in'))
  }
  t.true('file' in seen[0]!)
  t.regex((seen[1] as { reason: string }).reason, /changed while/)
})

test('a file that disappears or grows during the walk is named', async t => {
  const folder = await temporaryFolder(t)
  for (const name of ['1', '2', '3']) await writeFile(join(folder, name), 'own')
  const seen: FoundFile[] = []
  for await (const entry of openFiles(folder)) {
    seen.push(entry)
    if (entry.name === '1') await rm(join(folder, '2'))
    if (entry.name !== '3' || !('file' in entry)) continue
    await appendFile(join(folder, '3'), 'more')
    await t.throwsAsync(entry.file.whole(100), { instanceOf: FileRefused, message: /changed/ })
    await t.throwsAsync(gathered(entry.file.stream()), { instanceOf: FileRefused, message: /changed/ })
  }
  t.regex((seen[1] as { reason: string }).reason, /changed while/)
})

test('too deep folders and too many files are named', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'a', 'b', 'c'), { recursive: true })
  for (const name of ['a/1', 'a/b/2', 'a/b/c/3']) await writeFile(join(folder, name), '')
  const deep = await walked(folder, { depthMax: 2 })
  t.deepEqual([...deep.keys()], ['a/1', 'a/b/2', 'a/b/c'])
  t.regex(deep.get('a/b/c')!, /more than 2 folders deep/)
  const many = await walked(folder, { entriesMax: 3 })
  t.deepEqual([...many.keys()], ['a/1', 'a/b'])
  t.regex(many.get('a/b')!, /more than 3 files/)
})

test('a file that is named itself is read, by a link too, and parts of it', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'x.bin'), 'abcdef')
  await symlink('x.bin', join(folder, 'link'))
  for await (const entry of openFiles(join(folder, 'link'))) {
    if (!('file' in entry)) return t.fail(entry.reason)
    t.deepEqual([entry.name, entry.file.name, entry.file.bytes], ['', 'x.bin', 6])
    t.is(Buffer.from(await entry.file.part(4, 10)).toString(), 'ef')
    t.is((await entry.file.part(9, 10)).length, 0)
    t.is(Buffer.concat(await gathered(entry.file.stream())).toString(), 'abcdef')
    await t.throwsAsync(entry.file.whole(5), { instanceOf: FileRefused, message: /6 bytes, more than 5/ })
  }
})

test('a path that is not there, or no file where a file is wanted, is the error of the operator', async t => {
  const folder = await temporaryFolder(t)
  const missing = join(folder, 'PATIENT-4711')
  const error = await t.throwsAsync(gathered(openFiles(missing)), { code: 'data-unreadable' })
  t.false(error!.message.includes('4711'))
  await t.throwsAsync(gathered(openNamed(folder)), { code: 'data-unreadable', message: /not a file/ })
})
