// Claims of `confrere dossier` and `confrere verify`: one folder says of a study what a data protection officer files, every figure
// with the line or field that it comes from; a stranger derives all of it again offline; whoever changes any line of the ledger,
// of the certified rounds or of the recorded actions, a byte of any file, or signs anew with another key, is found.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { DOSSIER_FILE, DOSSIER_PAGE } from '../../../node/dossier/contents.ts'
import type { DossierSection } from '../../../node/dossier/facts.ts'
import { keptIn } from '../../../node/dossier/keeping.ts'
import {
  ACTIONS_SOURCE,
  decodeSources,
  encodeSources,
  LEDGER_SOURCE,
  SIGNATURE_FILE,
  SOURCE_NAMES,
  SOURCES_FILE,
  signerOfSources,
  signSources,
  TRANSCRIPT_SOURCE,
} from '../../../node/dossier/sources.ts'
import { verifyDossier } from '../../../node/dossier/verify-dossier.ts'
import { EXIT } from '../../../node/errors.ts'
import { PrivacyAccount } from '../../../node/privacy/account.ts'
import { Ledger } from '../../../node/privacy/ledger-file.ts'
import { recordAction } from '../../../node/storage/action-log.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { fails, works } from '../../helpers/cli.ts'
import { testSigners } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { auditOutput, type FinishedStudy, writeFinished } from '../export/finished-study.ts'

const AT = '2026-06-01T00:00:00.000Z'

interface Filed {
  readonly data: string
  readonly out: string
  readonly finished: FinishedStudy
}

/** A node that has finished a study and was charged for its rounds, and the dossier of it. */
async function made(t: ExecutionContext, root: string): Promise<Filed> {
  const [data, out] = [join(root, 'node'), join(root, 'out')]
  await works(t, 'init', '--data', data, '--site', 'Hospital <A>')
  const finished = await writeFinished(data)
  const { peer } = await loadIdentity(data)
  const ledger = await Ledger.open(data)
  const terms = { epsilonMax: 200, peer, population: null, roundsKnown: false }
  const { document, study } = finished
  const account = await PrivacyAccount.in(ledger, { document, study, now: () => AT, ...terms })
  for (let round = 0; round <= 3; round++) {
    const sid = new Uint8Array(32).fill(round)
    await account.enter([{ kind: 'reserve', round, sid }])
    await account.enter([{ kind: 'charge', round, sid, contributors: 3 }])
  }
  await ledger.close()
  await recordAction(data, { at: AT, actor: 'a.user', way: 'command', did: 'study approve', what: study })
  const audit = join(root, 'audit.json')
  await writeFile(audit, auditOutput(finished))
  await works(t, 'dossier', out, '--data', data, '--audit', audit)
  return { data, out, finished }
}

let first: Filed
test.before(async t => {
  first = await made(t, await mkdtemp(join(tmpdir(), 'confrere-dossier-')))
})
test.after.always(async () => {
  if (first !== undefined) await rm(join(first.data, '..'), { recursive: true })
})

/** A copy of the dossier, to be changed. */
async function filed(t: ExecutionContext): Promise<Filed> {
  const out = join(await temporaryFolder(t), 'out')
  await cp(first.out, out, { recursive: true })
  return { ...first, out }
}

const sectionsOf = async (out: string): Promise<DossierSection[]> =>
  JSON.parse(await readFile(join(out, DOSSIER_FILE), 'utf8')).sections

test('the dossier of a study: traced, readable, and a stranger verifies it', async t => {
  const { out, finished } = await filed(t)
  t.regex(await works(t, 'verify', out), /Verified: the dossier of [\s\S]*4 certified rounds, 2 recorded actions/)
  t.like(JSON.parse(await works(t, 'verify', out, '--json')), {
    verified: true,
    study: finished.study,
    ...{ checkpoint: finished.checkpoint, site: 'Hospital <A>', rounds: 4, actions: 2 },
  })
  const sections = await sectionsOf(out)
  t.is(new Set(sections.map(({ title }) => title)).size, 13)
  const facts = sections.flatMap(one => one.facts)
  t.true(facts.length > 40)
  // every figure names a file that is there, and a line that it has
  for (const { label, from } of facts) {
    const [, file, line] = /([a-z-]+\.[a-z]+)(?:.*?, line (\d+))?/.exec(from)!
    const text = await readFile(join(out, file!), 'utf8')
    if (line !== undefined) t.true(text.split('\n').length > Number(line), `${label}: ${from}`)
  }
  const of = (label: RegExp) => facts.find(one => label.test(one.label))!
  t.regex(of(/^Spent here, against any one/).value, /^epsilon \d/)
  t.is(of(/^Spent here, against any one/).from, `${LEDGER_SOURCE}, 9 lines from 2 to 10`)
  t.regex(facts.find(({ value }) => value.includes('study approve'))!.value, /study approve [0-9a-f]{64}: a\.user/)
  t.is(of(/^Round 2/).from, `${TRANSCRIPT_SOURCE}, line 3`)
  t.regex(of(/^Against everyone who sees/).value, /at least 0\.7, claimed 3\.2/)
  t.true(sections.find(({ title }) => title.startsWith('What only'))!.open.includes('Legal basis'))
  const page = await readFile(join(out, DOSSIER_PAGE), 'utf8')
  t.false(page.includes('<A>'))
  t.false(page.includes('<script'))
})

test('whoever changes a line of the ledger, of the rounds or of the actions is found, with the file', async t => {
  const { out } = await filed(t)
  for (const name of [LEDGER_SOURCE, TRANSCRIPT_SOURCE, ACTIONS_SOURCE]) {
    const path = join(out, name)
    const text = await readFile(path, 'utf8')
    const lines = text.trimEnd().split('\n')
    for (const at of lines.keys()) {
      // left out, changed, or doubled: one way each, in turn
      const ways = [lines.toSpliced(at, 1), lines.with(at, `${lines[at]} `), lines.toSpliced(at, 0, lines[at]!)]
      await writeFile(path, `${ways[at % ways.length]!.join('\n')}\n`)
      const { faults } = await verifyDossier(out)
      t.true(
        faults.some(({ file }) => file.startsWith(name)),
        `${name}, line ${at + 1}: ${JSON.stringify(faults)}`,
      )
    }
    await writeFile(path, text)
  }
  t.deepEqual((await verifyDossier(out)).faults, [])
})

test('a changed byte of any file is found, and so is a file too many or too few', async t => {
  const { out } = await filed(t)
  const all = [...SOURCE_NAMES, SOURCES_FILE, SIGNATURE_FILE, DOSSIER_FILE, DOSSIER_PAGE]
  const names = all.filter(name => !name.startsWith('report'))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 255 }),
      async (name, place, flip) => {
        const path = join(out, name)
        const bytes = await readFile(path)
        const changed = Buffer.from(bytes)
        changed[Math.floor(place * bytes.length)]! ^= flip
        await writeFile(path, changed)
        const { faults } = await verifyDossier(out)
        await writeFile(path, bytes)
        return faults.length > 0
      },
    ),
    { numRuns: 12, seed: 1 },
  )
  for (const name of names) {
    const bytes = await readFile(join(out, name))
    await rm(join(out, name))
    t.true(
      (await verifyDossier(out)).faults.some(({ file }) => file === name),
      name,
    )
    await writeFile(join(out, name), bytes)
  }
  await writeFile(join(out, 'more.txt'), 'x')
  t.like((await verifyDossier(out)).faults, [{ file: 'more.txt' }])
  const said = await fails(t, EXIT.verificationFailed, 'verify', out)
  t.regex(said, /more\.txt: it does not belong to the dossier/)
})

test('who lists changed sources anew cannot sign for the hospital, and cannot leave out a charge even with its key', async t => {
  const { data, out } = await filed(t)
  const forged = `${out}-forged`
  await cp(out, forged, { recursive: true })
  const list = decodeSources(new Uint8Array(await readFile(join(out, SOURCES_FILE))))!
  const files = new Map<string, Uint8Array>()
  for (const name of Object.keys(list.files)) files.set(name, new Uint8Array(await readFile(join(out, name))))
  const text = new TextDecoder().decode(files.get(LEDGER_SOURCE))
  files.set(LEDGER_SOURCE, new TextEncoder().encode(text.split('\n').toSpliced(5, 1).join('\n')))
  await writeFile(join(forged, LEDGER_SOURCE), files.get(LEDGER_SOURCE)!)
  const forgedList = encodeSources(files, list)
  await writeFile(join(forged, SOURCES_FILE), forgedList)

  await writeFile(join(forged, SIGNATURE_FILE), signSources(testSigners(1)[0]!, forgedList))
  const byAnother = await verifyDossier(forged)
  t.true(byAnother.faults.some(({ file }) => file === SIGNATURE_FILE))
  t.true(byAnother.faults.some(({ file }) => file.startsWith(LEDGER_SOURCE)))

  const { signer } = await loadIdentity(data)
  await writeFile(join(forged, SIGNATURE_FILE), signSources(signer, forgedList))
  const byItself = await verifyDossier(forged)
  t.true(
    byItself.faults.some(({ file, problem }) => file === LEDGER_SOURCE && /line/.test(problem)),
    JSON.stringify(byItself.faults),
  )

  // nor can it leave out the rounds at the end
  files.set(LEDGER_SOURCE, new TextEncoder().encode(text))
  const rounds = new TextDecoder().decode(files.get(TRANSCRIPT_SOURCE)).trimEnd().split('\n')
  files.set(TRANSCRIPT_SOURCE, new TextEncoder().encode(`${rounds.slice(0, -1).join('\n')}\n`))
  for (const name of [LEDGER_SOURCE, TRANSCRIPT_SOURCE]) await writeFile(join(forged, name), files.get(name)!)
  const shortList = encodeSources(files, list)
  await writeFile(join(forged, SOURCES_FILE), shortList)
  await writeFile(join(forged, SIGNATURE_FILE), signSources(signer, shortList))
  t.like((await verifyDossier(forged)).faults, [{ file: TRANSCRIPT_SOURCE }])
  t.is(signerOfSources(new TextEncoder().encode('x'), forgedList), undefined)
})

test('what is there already, a report of another model and a running node are refused in words', async t => {
  const { data, out } = await filed(t)
  t.regex(await fails(t, EXIT.usage, 'dossier', out, '--data', data), /not empty/)
  const report = join(data, 'r.json')
  await writeFile(report, '{}')
  t.regex(await fails(t, EXIT.usage, 'dossier', `${out}2`, '--data', data, '--report', report), /--json-report/)
  t.regex(
    await fails(t, EXIT.usage, 'dossier', `${out}2`, '--data', data, '--report', `${report}x`),
    /ENOENT|no such file/,
  )
})

test('what is kept of records is told apart from what is not, as large as it is', async t => {
  const data = await temporaryFolder(t)
  const study = join(data, 'studies', 'ab'.repeat(32))
  await mkdir(join(study, 'checkpoints'), { recursive: true })
  await mkdir(join(data, 'records'))
  await writeFile(join(data, 'records', 'a.rows'), new Uint8Array(100))
  await writeFile(join(study, 'features'), new Uint8Array(70))
  await writeFile(join(study, 'checkpoints', 'x'), new Uint8Array(30))
  await recordAction(data, { at: AT, actor: 'a', way: 'command', did: 'init', what: '' })
  const bytesOf = Object.fromEntries((await keptIn(data)).map(({ folder, bytes }) => [folder, bytes]))
  t.like(bytesOf, { 'records/': 100, 'studies/ID/features': 70, 'studies/': 30, 'store/': 0 })
  t.true(bytesOf['actions.jsonl']! > 50)
})
