// Claims of `confrere audit`: it writes one private page and a summary, touches nothing of a data folder, and ends with the
// exit code of a failed verification when a claim is refuted. The real program is started each time.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { EXIT } from '../../../node/errors.ts'
import { Ledger } from '../../../node/privacy/ledger-file.ts'
import { ACTION_FILE } from '../../../node/storage/action-log.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { studyFolder } from '../../../node/storage/round-files.ts'
import { readStudyFile } from '../../../node/storage/study-file.ts'
import { checkpointHash, encodeCheckpoint, initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { trainingRounds } from '../../../protocols/study/rounds.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { drawPhantoms } from '../../../sim/demo/phantom.ts'
import { fails, works } from '../../helpers/cli.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { PLANT_VARIABLE } from '../../helpers/tree/plant.ts'

const MAIN = join(import.meta.dirname, '../../../node/cli/main.ts')
const QUICK = ['--canaries', '100', '--shadows', '2']

/** Three hospitals with a study of phantoms, and a file of some: made once, for all tests. */
let site: { root: string; npz: string; folders: string[]; study: string } | undefined

test.before(async t => {
  const root = await mkdtemp(join(tmpdir(), 'confrere-audit-'))
  const npz = join(root, 'phantoms.npz')
  const split = (name: string, count: number) => {
    const { values, labels } = drawPhantoms({ count, label: `audit ${name}` })
    const records = { values, shape: [count, 28, 28] }
    return { [`${name}_images`]: records, [`${name}_labels`]: { values: labels, shape: [count] } }
  }
  await writeFile(npz, encodeNpz({ ...split('train', 100), ...split('test', 40) }))
  const folders = [0, 1, 2].map(at => join(root, `hospital-${at}`))
  await Promise.all(
    folders.map((data, at) => works(t, 'init', '--data', data, '--site', `Hospital ${at}`, '--npz', npz)),
  )
  const peers = await Promise.all(folders.map(async folder => (await loadIdentity(folder)).peer))
  const [spec, study] = [join(root, 'spec.toml'), join(root, 'spec.study')]
  const changes = { filters: null, groups: null, shape: 'shape = [28, 28, 1]', rounds: 'rounds = 4' }
  const text = specText(peers, { ...changes, sampleRate: 'sampleRate = 1' })
  await writeFile(spec, text.replace('preset = "cnn"', 'preset = "logistic"'))
  await works(t, 'study', 'new', spec, '--out', study, '--data', folders[0]!)
  site = { root, npz, folders, study }
})

test.after.always(async () => {
  if (site !== undefined) await rm(site.root, { recursive: true, force: true })
})

/** Names, times and contents of everything below a folder. */
async function traces(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    // who did what is written down there
    ({ name }) => name !== ACTION_FILE,
  )
  return await Promise.all(
    entries.map(async entry => {
      const path = join(entry.parentPath, entry.name)
      const { mtimeMs } = await stat(path)
      const bytes = entry.isFile() ? await readFile(path) : ''
      return `${path} ${mtimeMs} ${createHash('sha256').update(bytes).digest('hex')}`
    }),
  )
}

test('a study that has not run is rehearsed on a file’s records: a private page, a summary in words or JSON', async t => {
  const { root, npz, study } = site!
  const out = join(root, 'rehearsed.html')
  const text = await works(t, 'audit', '--study', study, '--npz', npz, '--out', out, ...QUICK)
  for (const words of [
    'epsilon',
    'with privacy',
    'without privacy',
    'inversion',
    'no proof of privacy',
    'Keep it here',
  ]) {
    t.true(text.includes(words), words)
  }
  t.is((await stat(out)).mode & 0o777, 0o600)
  const page = await readFile(out, 'utf8')
  t.true(page.startsWith('<!doctype html>') && page.includes('data:image/png;base64,'))

  t.regex(await fails(t, EXIT.usage, 'audit', '--study', study, '--npz', npz, '--out', out), /--force/)
  t.is(await readFile(out, 'utf8'), page)
  const again = ['audit', '--study', study, '--npz', npz, '--out', out, '--force', '--json', '--rounds-max', '2']
  const found = JSON.parse(await works(t, ...again, ...QUICK))
  t.like(found, { file: out, rounds: 2, records: 100, refuted: false, charged: null, final: null })
  t.is(found.canary.canaries, 100)
  t.not(await readFile(out, 'utf8'), page)
  t.is((await stat(out)).mode & 0o777, 0o600)
})

test('a node’s approved study is audited on its own records, and nothing in its folder is touched but the record of who did what', async t => {
  const { root, folders, study } = site!
  const [folder, out] = [folders[0]!, join(root, 'node.html')]
  await works(t, 'study', 'approve', study, '--data', folder)
  const before = await traces(folder)
  const found = JSON.parse(await works(t, 'audit', '--data', folder, '--out', out, '--json', ...QUICK))
  t.like(found, { records: 100, split: 'train', refuted: false })
  t.deepEqual(await traces(folder), before)
  const inside = join(folder, 'report.html')
  t.regex(await fails(t, EXIT.usage, 'audit', '--data', folder, '--out', inside), /writes nothing/)
})

test('of a finished study the ledger’s charge is told and the newest model attacked', async t => {
  const { root, folders, study: file } = site!
  const [folder, out] = [folders[1]!, join(root, 'finished.html')]
  await works(t, 'study', 'approve', file, '--data', folder)
  const { study, document } = await readStudyFile(file)
  const at = '2026-01-01T00:00:00.000Z'
  const { sampleRate, noiseMultiplier, delta, epsilon, colluders } = document.privacy
  const ledger = await Ledger.open(folder)
  const account = 1
  await ledger.enter(() => ({ kind: 'account', at, account, merges: [], records: 100, delta }))
  const terms = {
    sampleRate,
    noiseMultiplier,
    delta,
    epsilon,
    colluders,
    name: document.name,
    rounds: trainingRounds(document),
  }
  await ledger.enter(() => ({ kind: 'study', at, account, study, ...terms }))
  const place = { account, study, round: 1, sid: 'ab'.repeat(32) }
  await ledger.enter(() => ({ kind: 'reserve', at, ...place }))
  await ledger.enter(ledger => {
    return {
      kind: 'charge',
      at,
      ...place,
      sampleRate,
      noiseMultiplier,
      contributors: 3,
      ...ledger.price(place, { training: 1 }),
    }
  })
  await ledger.close()
  const bytes = encodeCheckpoint({ ...initialCheckpoint(document), round: 1 })
  const hash = Buffer.from(checkpointHash(bytes)).toString('hex')
  const checkpoints = join(studyFolder(folder, study), 'checkpoints')
  await mkdir(checkpoints, { recursive: true })
  await writeFile(join(checkpoints, hash), bytes)
  await writeFile(join(checkpoints, 'newest.json'), JSON.stringify({ hash, round: 1 }))
  const args = ['--data', folder, '--held-out', 'test', '--out', out, '--json']
  const found = JSON.parse(await works(t, 'audit', ...args, ...QUICK))
  // the first model says the same of everybody
  t.deepEqual(found.final, { auc: 0.5, truePositives: 0, members: 100, others: 40 })
  const expected = pldEpsilon([{ sampleRate: sampleRate / 2 ** 32, noiseMultiplier, steps: 1 }], { delta })
  t.like(found.charged, { rounds: 1, colluding: expected })
  t.true((await readFile(out, 'utf8')).includes('own records against 40 of test'))
})

test('a refuted claim is written down and ends with exit code 8', async t => {
  const { root, npz, study } = site!
  const out = join(root, 'refuted.html')
  const args = ['--import', join(import.meta.dirname, 'preload.ts'), MAIN]
  args.push('audit', '--study', study, '--npz', npz, '--out', out, '--canaries', '700', '--shadows', '2')
  const env = { ...process.env, [PLANT_VARIABLE]: 'noise-over-four', NODE_OPTIONS: '' }
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>(resolve => {
    execFile(process.execPath, args, { env }, (error, _, stderr) => resolve({ code: error?.code, stderr }))
  })
  t.is(code, EXIT.verificationFailed, stderr)
  t.regex(stderr, /claim does not hold: epsilon is at least [\d.]+ where it claims at most [\d.]+\n {2}hint: /)
  t.regex(await readFile(out, 'utf8'), /The claim does not hold/)
})

test('mistakes of usage say what is missing', async t => {
  const { root, folders, npz, study } = site!
  const [folder, out] = [folders[2]!, join(root, 'never.html')]
  const audit = (...args: string[]) => ['audit', '--out', out, ...args]
  await fails(t, EXIT.usage, ...audit())
  await fails(t, EXIT.usage, ...audit('--study', study, '--data', folder))
  await fails(t, EXIT.usage, ...audit('--study', study))
  await fails(t, EXIT.usage, ...audit('--study', study, '--npz', npz, '--shadows', '3'))
  await fails(t, EXIT.usage, ...audit('--study', study, '--npz', npz, '--canaries', '0'))
  await fails(t, EXIT.dataUnreadable, ...audit('--study', study, '--npz', npz, '--split', 'none'))
  await fails(t, EXIT.config, ...audit('--data', folder))
  await fails(t, EXIT.config, ...audit('--data', join(folder, 'none')))
})
