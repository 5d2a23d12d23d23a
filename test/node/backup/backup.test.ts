// Claims of node/backup: a backup holds what a hospital must not lose and neither records nor votes; it is its owner's
// alone, and whole also while the ledger is being written; a restored folder has the same key and account, and gives no
// budget back: rounds since the backup count as charged, also VOID ones and also when both were empty then; a folder that
// holds anything, and a backup that was changed, are refused with nothing restored.

import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { strFromU8, unzipSync, zipSync } from 'fflate'
import { restoreBackup } from '../../../node/backup/restore-backup.ts'
import { writeBackup } from '../../../node/backup/write-backup.ts'
import { EXIT } from '../../../node/errors.ts'
import { PrivacyAccount } from '../../../node/privacy/account.ts'
import { chargedStore, reconcile } from '../../../node/privacy/charged-store.ts'
import { createLedger, ledgerPath, readLedgerFile } from '../../../node/privacy/ledger-file.ts'
import { isMarkedRestored, settleRestored } from '../../../node/privacy/restored-mark.ts'
import { createIdentity, loadIdentity } from '../../../node/storage/identity.ts'
import { openStore } from '../../../node/storage/store.ts'
import { hex } from '../../../protocols/immutable.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import type { Entry } from '../../../protocols/round/effects.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import { confrere, fails, works } from '../../helpers/cli.ts'
import { sidOf, voidLink } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const AT = '2026-01-01T00:00:00.000Z'
const privacy = { clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1.2, delta: 1e-5, epsilon: 3, colluders: 1 }
const DOCUMENT = {
  ...testStudy(testSigners(4), { rounds: 40 }),
  privacy: { noise: 'distributed' as const, ...privacy },
}
const STUDY = studyIdOf(DOCUMENT)
const PEER = peerString(DOCUMENT.hospitals[0]!.id)

/** A data folder as `init` and some use leave it. */
async function usedFolder(t: ExecutionContext): Promise<string> {
  const folder = join(await temporaryFolder(t), 'data')
  for (const inside of ['studies', 'patients', 'contacts', 'records', 'store', 'roster']) {
    await mkdir(join(folder, inside), { recursive: true, mode: 0o700 })
  }
  await createIdentity(folder)
  await createLedger(folder, '')
  await writeFile(join(folder, 'config.toml'), 'site = "A"\n')
  await writeFile(join(folder, 'studies', `${hex(STUDY)}.study`), 'study')
  await writeFile(join(folder, 'patients', 'key'), 'key')
  await writeFile(join(folder, 'patients', 'withdrawn.jsonl'), '{"a":1}\n{"b":')
  await writeFile(join(folder, 'contacts', 'book.json'), '{}')
  for (const secret of ['records/x', 'store/000001.log', 'http-token', 'node.pid']) {
    await writeFile(join(folder, secret), 'not in a backup')
  }
  return folder
}

async function accountIn(folder: string): Promise<PrivacyAccount> {
  const paying = { epsilonMax: 8, peer: PEER, population: null, roundsKnown: false, now: () => AT }
  return await PrivacyAccount.open({ folder, document: DOCUMENT, study: hex(STUDY), ...paying })
}

const spend = (round: number): Entry[] => [
  { kind: 'reserve', round, sid: sidOf(round) },
  { kind: 'charge', round, sid: sidOf(round), contributors: 4 },
]

async function restored(t: ExecutionContext, folder: string): Promise<string> {
  const root = await temporaryFolder(t)
  const [file, to] = [join(root, 'backup'), join(root, 'new')]
  await writeBackup(folder, file, { at: AT })
  await restoreBackup(file, to)
  return to
}

test('a backup holds what a hospital must not lose, for its owner alone, and neither records nor votes', async t => {
  const folder = await usedFolder(t)
  const file = join(await temporaryFolder(t), 'backup')
  const { peer } = await writeBackup(folder, file, { at: AT })
  t.is(peer, (await loadIdentity(folder)).peer)
  t.is((await stat(file)).mode & 0o777, 0o600)
  const entries = unzipSync(await readFile(file))
  t.deepEqual(Object.keys(entries).sort(), [
    ...['backup.json', 'config.toml', 'contacts/book.json', 'identity.key', 'patients/key'],
    ...['patients/withdrawn.jsonl', 'privacy/ledger', `studies/${hex(STUDY)}.study`],
  ])
  t.is(strFromU8(entries['patients/withdrawn.jsonl']!), '{"a":1}\n', 'without the half line')
  await t.throwsAsync(writeBackup(folder, file, { at: AT }), { code: 'backup-exists' })
})

test('a ledger that is being written is backed up to its last whole line', async t => {
  const folder = await usedFolder(t)
  const account = await accountIn(folder)
  t.teardown(() => account.close())
  await account.enter(spend(1))
  const { head, entries } = await readLedgerFile(ledgerPath(folder))
  await appendFile(ledgerPath(folder), '{"half":')
  const to = await restored(t, folder)
  const copy = await readLedgerFile(ledgerPath(to))
  t.deepEqual([copy.head, copy.entries.length], [head, entries.length])
  t.deepEqual((await loadIdentity(to)).seed, (await loadIdentity(folder)).seed)
  for (const path of ['identity.key', 'privacy/ledger', 'patients/key']) {
    t.is((await stat(join(to, path))).mode & 0o777, 0o600, path)
  }
  t.is((await stat(to)).mode & 0o777, 0o700)
  t.false((await readdir(to)).includes('store'))
})

test('what was spent since the backup is charged when the rounds are fetched, and none of it twice', async t => {
  for (const before of [0, 2]) {
    const folder = await usedFolder(t)
    const old = await accountIn(folder)
    for (let round = 1; round <= before; round++) await old.enter(spend(round))
    await old.close()
    const to = await restored(t, folder)
    // rounds that others know of; a VOID does not say whether this hospital has released in it
    const account = await accountIn(to)
    const store = await openStore(to, STUDY)
    t.teardown(() => store.close())
    t.teardown(() => account.close())
    const marked = await isMarkedRestored(to, hex(STUDY))
    t.true(marked)
    const found = await reconcile(store, account, marked)
    t.true(found.restored)
    const settled = () => settleRestored(to, hex(STUDY))
    const charged = chargedStore(store, account, { peer: PEER, restored: found.restored, added: () => {}, settled })
    for (let round = 1; round <= 4; round++) {
      await charged.write([{ kind: 'link', link: voidLink(round, { opened: true }) }])
    }
    t.deepEqual(
      account.charges().map(({ round }) => round),
      [1, 2, 3, 4],
      `${before} rounds before the backup`,
    )
    // its own reservation ends that: from here on ledger and store are of one time
    await charged.write(spend(5))
    t.false(await isMarkedRestored(to, hex(STUDY)))
    t.true(await isMarkedRestored(to, '00'.repeat(32)), 'another study stays marked')
    await charged.write([{ kind: 'link', link: voidLink(5, { opened: true }) }])
    t.deepEqual((await reconcile(store, account, await isMarkedRestored(to, hex(STUDY)))).added, [])
  }
})

test('a folder that holds anything is refused, and so is a folder that is no whole data folder', async t => {
  const folder = await usedFolder(t)
  const root = await temporaryFolder(t)
  const file = join(root, 'backup')
  await writeBackup(folder, file, { at: AT })
  await writeFile(join(root, 'x'), '')
  await t.throwsAsync(restoreBackup(file, root), { code: 'folder-not-empty' })
  await t.throwsAsync(restoreBackup(file, folder), { code: 'folder-not-empty' })
  await t.throwsAsync(writeBackup(root, join(root, 'y'), { at: AT }), { code: 'identity-missing' })
})

test('a backup that was changed in any way is refused, and nothing is restored', async t => {
  const folder = await usedFolder(t)
  const root = await temporaryFolder(t)
  const file = join(root, 'backup')
  await writeBackup(folder, file, { at: AT })
  const whole = await readFile(file)
  const entries = unzipSync(whole)
  const manifest = JSON.parse(strFromU8(entries['backup.json']!))
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const { 'privacy/ledger': _, ...lacking } = entries
  const escaping = { ...entries, '../outside': Buffer.from('x') }
  const files = { ...manifest.files, '../outside': manifest.files['config.toml'] }
  const cases: [what: string, bytes: Uint8Array, code: string][] = [
    ['nothing', Buffer.alloc(0), 'backup-damaged'],
    ['half of it', whole.subarray(0, whole.length / 2), 'backup-damaged'],
    ['another key', zipSync({ ...entries, 'identity.key': Buffer.alloc(32) }), 'backup-damaged'],
    ['a file less', zipSync(lacking), 'backup-damaged'],
    ['no manifest', zipSync({ 'config.toml': entries['config.toml']! }), 'backup-damaged'],
    ['a path outside', zipSync({ ...escaping, 'backup.json': json({ ...manifest, files }) }), 'backup-damaged'],
    ['a newer form', zipSync({ ...entries, 'backup.json': json({ ...manifest, format: 2 }) }), 'backup-newer'],
  ]
  for (const [what, bytes, code] of cases) {
    await writeFile(file, bytes)
    await t.throwsAsync(restoreBackup(file, join(root, 'new')), { code }, what)
    t.deepEqual((await readdir(root)).sort(), ['backup'], what)
  }
})

test('the commands say that a backup holds the key, and a restored folder is sound', async t => {
  const root = await temporaryFolder(t)
  const [data, file, to] = [join(root, 'data'), join(root, 'backup'), join(root, 'new')]
  await works(t, 'init', '--data', data, '--site', 'A')
  t.regex(await works(t, 'backup', file, '--data', data), /holds the private key/)
  t.regex(await fails(t, EXIT.usage, 'backup', file, '--data', data), /exists already/)
  t.regex(await works(t, 'restore', file, '--data', to), /do not start both/)
  t.is(await works(t, 'id', '--data', to), await works(t, 'id', '--data', data))
  const { stdout } = await confrere('doctor', '--data', to, '--json')
  const failed = JSON.parse(stdout).checks.filter(({ state }: { state: string }) => state === 'failed')
  t.deepEqual(failed, [])
})
