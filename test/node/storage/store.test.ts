// Claim: a store that a power cut or a bad disk has damaged is named as such, with exit code 3, whatever file it hit and
// however; nothing reads it as an empty one.

import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { ClassicLevel } from 'classic-level'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { openStore } from '../../../node/storage/store.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const STUDY = new Uint8Array(32).fill(7)
const RECORDS = 400

/** A store with tables on disk: compaction writes them, so that not all is in the log. */
async function filled(folder: string): Promise<string> {
  const store = await openStore(folder, STUDY)
  for (let round = 0; round < RECORDS; round++) await store.record({ round, padding: 'x'.repeat(200) } as never)
  await store.close()
  const level = new ClassicLevel(join(folder, 'store'))
  await level.open()
  await level.compactRange('', '~')
  await level.close()
  return join(folder, 'store')
}

async function readAll(folder: string): Promise<number> {
  const store = await openStore(folder, STUDY)
  try {
    await store.links(0, 10)
    return (await store.records()).length
  } finally {
    await store.close()
  }
}

const isTable = (name: string) => name.endsWith('.ldb')
const HARMS: [what: string, hits: (name: string) => boolean, harm: (file: string) => Promise<void>][] = [
  ['an emptied table', isTable, file => truncate(file, 0)],
  ['a table cut in half', isTable, async file => truncate(file, Math.floor((await readFile(file)).length / 2))],
  ['a table of zeros', isTable, async file => writeFile(file, Buffer.alloc((await readFile(file)).length))],
  ['a table that is gone', isTable, file => rm(file)],
  ['an emptied manifest', name => name.startsWith('MANIFEST'), file => truncate(file, 0)],
  ['an emptied CURRENT', name => name === 'CURRENT', file => truncate(file, 0)],
]

test('a damaged store is named, exit code 3, and never read as less than it held', async t => {
  const whole = await temporaryFolder(t)
  await filled(whole)
  t.is(await readAll(whole), RECORDS)
  for (const [what, hits, harm] of HARMS) {
    const folder = await temporaryFolder(t)
    await cp(whole, folder, { recursive: true })
    const names = (await readdir(join(folder, 'store'))).filter(hits)
    t.true(names.length > 0, what)
    for (const name of names) await harm(join(folder, 'store', name))
    const error = await t.throwsAsync(readAll(folder), { instanceOf: OperatorError }, what)
    t.is(error?.exitCode, EXIT.config, `${what}: ${error?.message}`)
    t.true(['store-damaged', 'store-unreadable'].includes(error?.code ?? ''), `${what}: ${error?.code}`)
  }
})

test('a second node on one data folder is told to stop the first, not to take another folder', async t => {
  const folder = await temporaryFolder(t)
  const store = await openStore(folder, STUDY)
  const error = await t.throwsAsync(openStore(folder, STUDY), { instanceOf: OperatorError })
  t.is(error?.code, 'folder-in-use')
  t.regex(error?.hint ?? '', /Stop that node first\. A second data folder is no way out/)
  await store.close()
})

test('a record that is no record is damage too', async t => {
  const folder = await temporaryFolder(t)
  const level = new ClassicLevel<string, Uint8Array>(join(folder, 'store'), { valueEncoding: 'view' })
  await level.open()
  await level.put(`record/${Buffer.from(STUDY).toString('hex')}/0000000000/`, Buffer.from('{"round":'))
  await level.close()
  await t.throwsAsync(readAll(folder), { code: 'store-damaged' })
})
