// Claim: what a node keeps in its data folder and says outside of a round has the same bytes as when
// vectors/golden-folder.json was written: files by name and mode, the database by key, the ledger by line, frames by name.
// So a node of a newer version takes up a folder of this one.
//
// Whoever means to change one of them writes the file anew: GOLDEN=write npx ava test/node/golden-folder.test.ts

import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import test from 'ava'
import { ClassicLevel } from 'classic-level'
import { seal } from '../../crypto/envelope.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { Signer } from '../../crypto/signature.ts'
import { PUSH_PROTOCOL, SYNC_PROTOCOL } from '../../node/network/anti-entropy.ts'
import { encodeHello, SPOKEN } from '../../node/network/hello.ts'
import { HELLO_PROTOCOL } from '../../node/network/hello-desk.ts'
import { createLedger, ledgerPath } from '../../node/privacy/ledger-file.ts'
import { EvidenceFolder } from '../../node/storage/evidence-folder.ts'
import { storeApproval } from '../../node/storage/pending-change.ts'
import { RoundFiles, studyFolder } from '../../node/storage/round-files.ts'
import { openStore } from '../../node/storage/store.ts'
import { sealStudy } from '../../node/storage/study-file.ts'
import { CHUNK_PROTOCOL, PULL_PROTOCOL } from '../../protocols/exchange/frames.ts'
import { LEDGER_START, type LedgerEntry, ledgerLine } from '../../protocols/ledger/entry.ts'
import { encodeEnvelope } from '../../protocols/messages/messages.ts'
import { encodeReceipt } from '../../protocols/messages/receipt.ts'
import { encodeResultValue } from '../../protocols/messages/result-value.ts'
import { checkpointHash, encodeCheckpoint, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { peerString } from '../../protocols/roster/roster.ts'
import { studyIdOf } from '../../protocols/study/document.ts'
import { testSigners, testStudy } from '../helpers/study/study.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const FILE = join(import.meta.dirname, '../vectors/golden-folder.json')
const HOW = 'GOLDEN=write npx ava test/node/golden-folder.test.ts: what a node of fixed keys stores, and SHA-256 of it'
const isWritten = process.env['GOLDEN'] === 'write'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const fixed = (name: string): Uint8Array => sha256(Buffer.from(`golden ${name}`))

const [NEWCOMER, ...FOUNDERS] = testSigners(5) as [Signer, ...Signer[]]
const FOUNDER = FOUNDERS[0] as Signer
const DOCUMENT = testStudy(FOUNDERS)
const STUDY = studyIdOf(DOCUMENT)
const SID = fixed('session')
const LINK = {
  round: 1,
  value: encodeResultValue({ outcome: 'void', sid: SID, members: [3] }),
  precommits: [fixed('vote one'), fixed('vote two')],
}
const EVIDENCE = { kind: 'equivocation', first: fixed('first word'), second: fixed('second word') } as const

/** What the database of a study holds after one write of each kind of entry: SHA-256 by key. */
async function database(folder: string): Promise<Record<string, string>> {
  const store = await openStore(folder, STUDY)
  await store.write([{ kind: 'own', round: 1, slot: 'gone with the link', bytes: fixed('own one') }])
  await store.write([{ kind: 'link', link: LINK }])
  await store.write([
    { kind: 'reserve', round: 2, sid: SID },
    { kind: 'charge', round: 2, sid: SID, contributors: 3 },
    { kind: 'own', round: 2, slot: 'ready/0', bytes: fixed('own two') },
    { kind: 'halt', round: 3, evidence: [fixed('certificate')] },
  ])
  await store.record({
    ...{ round: 1, outcome: 'result', views: 1, contributors: ['a', 'b'], checkpoint: hex(SID) },
    ...{ durationMs: 12, trainMs: 3, beyondMs: 4, bytesSent: 5 },
  })
  await store.close()
  const level = new ClassicLevel<string, Uint8Array>(join(folder, 'store'), { valueEncoding: 'view' })
  const entries = await level.iterator().all()
  await level.close()
  return Object.fromEntries(entries.map(([key, value]) => [key, hex(sha256(value))]))
}

/** Writes every file that a node keeps beside its database. */
async function fill(folder: string): Promise<void> {
  const hospital = { id: NEWCOMER.id, name: 'Newcomer', addresses: [] }
  await storeApproval(folder, hex(STUDY), { kind: 'admit', hospital })
  const evidence = new EvidenceFolder(folder, hex(STUDY))
  await evidence.open()
  const peer = peerString(FOUNDER.id)
  await evidence.keep({ peer, code: 'equivocation' }, { study: STUDY, round: 2, evidence: EVIDENCE, links: [LINK] })
  await createLedger(folder, '')
  const vectors = new RoundFiles({ folder: studyFolder(folder, hex(STUDY)), document: DOCUMENT, study: hex(STUDY) })
  vectors.secrets(2)
  vectors.putMasked(
    2,
    hex(SID),
    Uint32Array.from({ length: 62 }, (_, at) => at * 0x01020304),
  )
  const bytes = encodeCheckpoint({ ...initialCheckpoint(DOCUMENT), round: 1 })
  vectors.putCheckpoint(hex(checkpointHash(bytes)), bytes)
  vectors.adopt(hex(checkpointHash(bytes)), 1)
}

/** Drawn by the node's own generator: only that they are there, and how long. */
const DRAWN = /\/secrets$/

/** Mode and SHA-256 of each file, by path. */
async function files(folder: string): Promise<Record<string, string>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = found.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const lines = paths.sort().map(async path => {
    const [bytes, { mode }] = [await readFile(path), await stat(path)]
    const name = relative(folder, path)
    const content = DRAWN.test(name) ? `${bytes.length} bytes` : hex(sha256(bytes))
    return [name, `${(mode & 0o777).toString(8)} ${content}`] as const
  })
  return Object.fromEntries(await Promise.all(lines))
}

const AT = '2026-01-01T00:00:00.000Z'
const TERMS = { sampleRate: 2 ** 29, noiseMultiplier: 1.5, steps: 2 }
const PLACE = { at: AT, account: 2, study: hex(STUDY), round: 1, sid: hex(SID) }
const LEDGER: readonly LedgerEntry[] = [
  { kind: 'account', at: AT, account: 2, merges: [1], records: 10, delta: 1e-5 },
  {
    ...{ kind: 'study', at: AT, account: 2, study: hex(STUDY), name: 'X-rays', ...TERMS, delta: 1e-5, epsilon: 9 },
    ...{ statistics: { noiseMultiplier: 4 }, rounds: 100, colluders: 1 },
  },
  { kind: 'reserve', ...PLACE },
  { kind: 'charge', ...PLACE, ...TERMS, contributors: 4, epsilon: 0.25, total: 0.5 },
  { kind: 'hospital', format: 2, at: AT, account: 3, closes: [2], peer: peerString(NEWCOMER.id), delta: 1e-6 },
  {
    ...{ kind: 'hospital', format: 2, at: AT, account: 4, closes: [], peer: peerString(NEWCOMER.id), delta: 1e-6 },
    population: 'Site B',
  },
  {
    ...{ kind: 'study', at: AT, account: 3, study: hex(STUDY), name: 'X-rays', ...TERMS, validationShare: 0.2 },
    ...{ delta: 1e-5, epsilon: 9, rounds: 100, colluders: 1 },
  },
  { kind: 'charge', ...PLACE, ...TERMS, subAccount: 'validation', contributors: 4, epsilon: 0.25, total: 0.5 },
]

function ledger(): string[] {
  let head = LEDGER_START
  return LEDGER.map(entry => {
    const { line, hash } = ledgerLine(head, entry)
    head = hash
    return `${hash} ${hex(sha256(Buffer.from(line)))}`
  })
}

/** Bytes of what is said outside of a round, and the names under which it is said. */
function frames(): Record<string, string> {
  const known = [{ peer: 'p', addresses: ['/ip4/127.0.0.1/tcp/1'] }]
  const receipt = encodeReceipt({ study: STUDY, sid: SID, chunk: 1, contributor: FOUNDER.id, hash: fixed('chunk') })
  const said = {
    hello: encodeHello({ ...SPOKEN, study: STUDY, roster: 0, addresses: ['/ip4/127.0.0.1/tcp/2'], known }),
    study: sealStudy(DOCUMENT, FOUNDER),
    receipt: encodeEnvelope(seal(NEWCOMER, receipt)),
  }
  const hashes = Object.entries(said).map(([name, bytes]) => [name, hex(sha256(bytes))])
  const protocols = [HELLO_PROTOCOL, SYNC_PROTOCOL, PUSH_PROTOCOL, CHUNK_PROTOCOL, PULL_PROTOCOL].join(' ')
  return { ...Object.fromEntries(hashes), protocols }
}

test(
  isWritten ? 'writes the golden folder' : 'a data folder and the frames are those of the golden folder',
  async t => {
    const umask = process.umask(0o022)
    t.teardown(() => process.umask(umask))
    const [folder, other] = [await temporaryFolder(t), await temporaryFolder(t)]
    await fill(folder)
    const found = {
      ...{ files: await files(folder), database: await database(other) },
      ...{ ledger: { path: relative(folder, ledgerPath(folder)), lines: ledger() }, frames: frames() },
    }
    if (isWritten) await writeFile(FILE, `${JSON.stringify({ how: HOW, ...found }, null, 2)}\n`)
    const { how: _, ...golden } = JSON.parse(await readFile(FILE, 'utf8'))
    t.deepEqual(found, golden)
  },
)
