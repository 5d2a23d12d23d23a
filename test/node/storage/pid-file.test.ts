// Claims: a running process is noted and found; one that has ended, one with the same number that began at another time,
// and nonsense are none; a second process on the folder is refused; a note is taken away by whom it is of alone.

import { spawn } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { notePid, runningPid } from '../../../node/storage/pid-file.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

test('this process is noted, for its owner alone, found, and forgotten', async t => {
  const folder = await temporaryFolder(t)
  t.is(await runningPid(folder), null)
  const forget = await notePid(folder)
  t.is(await runningPid(folder), process.pid)
  t.is((await stat(join(folder, 'node.pid'))).mode & 0o777, 0o600)
  await t.throwsAsync(notePid(folder), { code: 'folder-in-use' })
  await forget()
  t.is(await runningPid(folder), null)
})

test('a number that another process has, or none, is no running node, and the next one takes its place', async t => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'node.pid')
  const child = spawn(process.execPath, ['-e', ''])
  await new Promise(resolve => child.once('exit', resolve))
  const forget = await notePid(folder)
  const { began } = JSON.parse(await readFile(file, 'utf8'))
  for (const text of [
    JSON.stringify({ pid: process.pid, began: `${began}1` }),
    JSON.stringify({ pid: child.pid, began }),
    ...['', '{', 'null', '{"pid":0,"began":"1"}', '{"pid":-1,"began":"1"}', '{"pid":1.5,"began":"1"}', '{"pid":1}'],
  ]) {
    await writeFile(file, text)
    t.is(await runningPid(folder), null, text)
  }
  await forget()
  t.is((await readFile(file, 'utf8')).length > 0, true, 'the note of another is left')
  const again = await notePid(folder)
  t.is(await runningPid(folder), process.pid)
  await again()
})
