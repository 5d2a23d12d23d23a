// Claims of `confrere repair`: whatever file of the database is damaged, the node starts again from a new one, with its
// own messages of the round in progress and its charges where they can be read, without the chain, under the mark of a
// restored folder; the ledger is not touched and the damaged database is put aside; a database in use is left alone. And:
// a hole in the chain and a lost CURRENT are named as damage; a newer store or ledger is refused, an older one taken.

import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ClassicLevel } from 'classic-level'
import { repairStore } from '../../../node/backup/repair.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { createLedger, ledgerPath, readLedgerFile } from '../../../node/privacy/ledger-file.ts'
import { isMarkedRestored } from '../../../node/privacy/restored-mark.ts'
import { openStore } from '../../../node/storage/store.ts'
import { hex } from '../../../protocols/immutable.ts'
import { LEDGER_START, ledgerLine } from '../../../protocols/ledger/entry.ts'
import { createRoster, peerString } from '../../../protocols/roster/roster.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import { sidOf, voidLink } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const AT = '2026-01-01T00:00:00.000Z'
const DOCUMENT = testStudy(testSigners(4), { rounds: 40 })
const STUDY = studyIdOf(DOCUMENT)
const CONTEXT = { study: STUDY, founding: createRoster(DOCUMENT.hospitals), document: DOCUMENT }
const VOTE = new Uint8Array(40).fill(9)

/** A store of three certified rounds, a charge, and a vote in the fourth. */
async function filled(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t)
  await createLedger(folder, '')
  const store = await openStore(folder, STUDY)
  for (let round = 1; round <= 3; round++) await store.write([{ kind: 'link', link: voidLink(round) }])
  await store.write([{ kind: 'charge', round: 2, sid: sidOf(2), contributors: 4 }])
  await store.close()
  await compacted(folder)
  const again = await openStore(folder, STUDY)
  await again.write([{ kind: 'own', round: 4, slot: 'vote/0/1', bytes: VOTE }])
  await again.close()
  return folder
}

async function withLevel(folder: string, use: (level: ClassicLevel<string, Uint8Array>) => Promise<void>) {
  const level = new ClassicLevel<string, Uint8Array>(join(folder, 'store'), { valueEncoding: 'view' })
  await level.open()
  await use(level)
  await level.close()
}

const compacted = (folder: string) => withLevel(folder, level => level.compactRange('', '~'))

/** Harms the first file of a kind: of the tables the one that compaction wrote, with the certified rounds. */
async function harm(folder: string, hits: (name: string) => boolean, how: (file: string) => Promise<void>) {
  for (const name of (await readdir(join(folder, 'store'))).filter(hits).sort().slice(0, 1))
    await how(join(folder, 'store', name))
}

const isManifest = (name: string) => name.startsWith('MANIFEST')
const HARMS: [what: string, harm: (folder: string) => Promise<void>, isWhole: boolean][] = [
  [
    'an emptied table',
    folder =>
      harm(
        folder,
        name => name.endsWith('.ldb'),
        file => truncate(file, 0),
      ),
    false,
  ],
  ['a cut manifest', folder => harm(folder, isManifest, file => truncate(file, 10)), true],
  [
    'a lost CURRENT',
    folder =>
      harm(
        folder,
        name => name === 'CURRENT',
        file => rm(file),
      ),
    true,
  ],
  ['a hole in the chain', folder => withLevel(folder, level => level.del(`link/${hex(STUDY)}/0000000002/`)), true],
]

async function headOf(folder: string) {
  const store = await openStore(folder, STUDY)
  try {
    return await store.head(CONTEXT)
  } finally {
    await store.close()
  }
}

test('damage is named with the way back, which leads back: the vote is kept, the ledger untouched', async t => {
  for (const [what, damage, isWhole] of HARMS) {
    const folder = await filled(t)
    t.is((await headOf(folder)).head.round, 4)
    await damage(folder)
    const error = (await t.throwsAsync(headOf(folder), { instanceOf: OperatorError }, what)) as OperatorError
    t.is(error.exitCode, EXIT.config, what)
    t.regex(error.hint, /confrere repair/, what)
    const ledger = await readFile(ledgerPath(folder))
    const repaired = await repairStore(folder, { at: AT })
    t.is(repaired.isWhole, isWhole, what)
    t.is(repaired.messages, 1, what)
    t.deepEqual(await readFile(ledgerPath(folder)), ledger)
    t.true((await readdir(repaired.aside)).length > 0)
    t.true(await isMarkedRestored(folder, hex(STUDY)))
    const { head, tail } = await headOf(folder)
    t.deepEqual([head.round, tail], [1, null], what)
    // when the rounds have been fetched again, the vote of the round in progress is there
    const store = await openStore(folder, STUDY)
    for (let round = 1; round <= 3; round++) await store.write([{ kind: 'link', link: voidLink(round) }])
    const { own, charges } = await store.head(CONTEXT)
    await store.close()
    t.deepEqual([...own], [['vote/0/1', VOTE]], what)
    if (isWhole)
      t.deepEqual(
        charges.map(({ round }) => round),
        [2],
        what,
      )
  }
})

test('a second repair puts the database beside the first, and one in use is left alone', async t => {
  const folder = await filled(t)
  const first = await repairStore(folder, { at: AT })
  const second = await repairStore(folder, { at: AT })
  t.not(first.aside, second.aside)
  const store = await openStore(folder, STUDY)
  await t.throwsAsync(repairStore(folder, { at: AT }), { code: 'folder-in-use' })
  await store.close()
  await t.throwsAsync(repairStore(await temporaryFolder(t), { at: AT }), { code: 'no-store' })
})

test('a store of a newer format is refused with nothing changed; one without a format gets one', async t => {
  const folder = await filled(t)
  await withLevel(folder, level => level.del('format'))
  t.is((await headOf(folder)).head.round, 4)
  await withLevel(folder, async level => {
    t.is(Buffer.from((await level.get('format')) as Uint8Array).toString(), '1')
    await level.put('format', Buffer.from('2'))
  })
  const error = (await t.throwsAsync(headOf(folder), { code: 'store-newer' })) as OperatorError
  t.is(error.exitCode, EXIT.config)
  t.regex(error.hint, /Install that version again/)
  await withLevel(folder, async level => {
    t.is(Buffer.from((await level.get('format')) as Uint8Array).toString(), '2')
  })
})

test('a ledger of a newer format is told from a broken one', async t => {
  const folder = await temporaryFolder(t)
  await createLedger(folder, '')
  const peer = peerString(DOCUMENT.hospitals[0]!.id)
  const { line } = ledgerLine(LEDGER_START, {
    kind: 'hospital',
    format: 2,
    at: AT,
    account: 1,
    closes: [],
    peer,
    delta: 1e-6,
  })
  await writeFile(ledgerPath(folder), line)
  t.is((await readLedgerFile(ledgerPath(folder))).entries.length, 1)
  await writeFile(ledgerPath(folder), line.replace('"format":2', '"format":3'))
  await t.throwsAsync(readLedgerFile(ledgerPath(folder)), { code: 'ledger-newer' })
  await writeFile(ledgerPath(folder), '{"kind":"nonsense"}\n')
  await t.throwsAsync(readLedgerFile(ledgerPath(folder)), { code: 'ledger-broken' })
})
