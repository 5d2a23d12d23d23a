// Claim of node/storage/disk-error.ts: what a full or failing disk throws, in whatever words, ends as the operator's sentence;
// everything else stays what it is.

import { closeSync, openSync, writeSync } from 'node:fs'
import test from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { diskError, onDisk } from '../../../node/storage/disk-error.ts'
import { ProtocolError } from '../../../protocols/errors.ts'

const levelError = (words: string) =>
  new Error('Database failed to write', { cause: new Error(`IO error: /x: ${words}`) })
const systemError = (code: string) => Object.assign(new Error('write'), { code })

test('a full disk has its sentence, from the system and from the database', t => {
  for (const error of [
    systemError('ENOSPC'),
    systemError('EDQUOT'),
    levelError('No space left on device'),
    levelError('Disk quota exceeded'),
  ]) {
    const told = diskError(error) as OperatorError
    t.true(told instanceof OperatorError)
    t.like(told, { code: 'disk-full', exitCode: EXIT.dataUnreadable, cause: error })
  }
})

test('a disk that cannot be written has another', t => {
  for (const error of [systemError('EROFS'), systemError('EIO'), levelError('Input/output error')]) {
    t.like(diskError(error), { code: 'disk-failing' })
  }
})

test('a file that may not grow is not taken for a full disk', t => {
  const error = diskError(systemError('EFBIG')) as OperatorError
  t.is(error.code, 'file-too-large')
  t.regex(error.hint, /ulimit/)
})

test('every other error stays the same', async t => {
  const peers = new ProtocolError('bad-chunk', 'it says ENOSPC, and is a peer')
  for (const error of [new Error('a bug'), systemError('ENOENT'), peers, 'ENOSPC', undefined]) {
    t.is(diskError(error), error)
  }
  t.is(await onDisk(async () => 5), 5)
  await t.throwsAsync(
    onDisk(async () => {
      throw peers
    }),
    { is: peers },
  )
})

const full = process.platform === 'linux' ? test : test.skip
full('the real thing', async t => {
  const handle = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(handle))
  await t.throwsAsync(
    onDisk(async () => writeSync(handle, 'x')),
    { code: 'disk-full' },
  )
})
