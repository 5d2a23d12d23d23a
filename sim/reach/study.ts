/**
 * `node sim/reach/main.ts --study WAY`: a study of three hospitals from the first invitation to the last round, by the
 * product's own commands, where the hospitals reach each other in one way.
 *
 * @module
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readBook } from '../../node/contacts/book-file.ts'
import { type ContactView, contactViews } from '../../node/contacts/contact-view.ts'
import { readInvitation } from '../../node/contacts/invitation.ts'
import { readProposals } from '../../node/contacts/proposal-folder.ts'
import type { RoundRecord } from '../../node/storage/round-record.ts'
import { createRandom } from '../demo/random.ts'
import { stopAll } from '../processes/child.ts'
import type { Hospital } from '../processes/node-process.ts'
import { type StudyWay, startTrio, type Trio } from './trio.ts'

const DATASET = 'heart'
const ROUNDS = 10
const ROWS = 140
const UNITS = 400
const POLL_MS = 100
const RUN_MS_MAX = 240_000

export interface StudyReport {
  readonly way: StudyWay
  /** addresses that the invitation names */
  readonly invited: readonly string[]
  /** what "confrere peers" prints at Hospital B during the study */
  readonly peers: string
  /** from the start of the nodes until all three are contacts of each other */
  readonly meetMs: number
  /** of the three hospitals: the same hash, when all is well */
  readonly models: readonly string[]
  /** by hospital: rounds with a result, and means per round */
  readonly rounds: Readonly<
    Record<string, { readonly results: number; readonly ms: number; readonly bytesSent: number }>
  >
}

/** Runs the study and ends everything that it started. @throws ChildError, Error of what did not go well */
export async function runStudy(way: StudyWay): Promise<StudyReport> {
  const folder = await mkdtemp(join(tmpdir(), 'confrere-reach-'))
  const signal = AbortSignal.timeout(RUN_MS_MAX)
  try {
    const trio = await startTrio(way, folder)
    const began = performance.now()
    await befriend(trio, signal)
    const meetMs = Math.round(performance.now() - began)
    await found(trio, { folder, signal })
    const { a, b, c, invitations } = trio
    const all = [a, b, c]
    await until('two rounds', async () => ((await b.status())?.round ?? 0) >= 2, signal)
    const peers = await b.command('peers')
    const models = await Promise.all(all.map(hospital => hospital.finished(signal)))
    const rounds: [string, StudyReport['rounds'][string]][] = []
    for (const hospital of all) rounds.push([hospital.site, meansOf(await hospital.roundsAfter(0))])
    const invited = readInvitation(invitations[0] as string).addresses
    return { way, invited, peers, meetMs, models, rounds: Object.fromEntries(rounds) }
  } finally {
    await stopAll()
    if (process.argv.includes('--keep')) process.stderr.write(`kept: ${folder}\n`)
    else await rm(folder, { recursive: true, force: true })
  }
}

/** Each approves each: those whom Hospital A invited, and then those whom it introduced to each other. */
async function befriend({ a, b, c }: Trio, signal: AbortSignal): Promise<void> {
  const approve = async (who: Hospital, ...others: Hospital[]) => {
    for (const whom of others) {
      await until(`${who.site} knows ${whom.site}`, async () => (await contactAt(who, whom)) !== undefined, signal)
      await who.command('contacts', 'approve', whom.site, '--yes')
    }
  }
  await Promise.all([approve(a, b, c), approve(b, a, c), approve(c, a, b)])
  for (const [who, whom] of [
    [a, b],
    [a, c],
    [b, c],
    [c, b],
  ] as const) {
    const isContact = async () => (await contactAt(who, whom))?.state === 'contact'
    await until(`${whom.site} is a contact of ${who.site}`, isContact, signal)
  }
}

async function contactAt(who: Hospital, whom: Hospital): Promise<ContactView | undefined> {
  await who.requireRunning()
  return contactViews(await readBook(who.folder), who.site).find(({ peer }) => peer === whom.peer)
}

/** Hospital A proposes the study, and all approve it, each with its records. */
async function found({ a, b, c }: Trio, { folder, signal }: { folder: string; signal: AbortSignal }): Promise<void> {
  const file = join(folder, 'heart.study')
  const template = ['--template', 'heart-disease', '--units', String(UNITS), '--rounds', String(ROUNDS)]
  const made = await a.command('study', 'new', ...template, '--with', `${b.site},${c.site}`, '--out', file, '--json')
  const { study } = JSON.parse(made) as { study: string }
  await a.command('study', 'propose', file)
  const approve = async (hospital: Hospital) => {
    const records = join(folder, `records of ${hospital.site}`)
    await mkdir(join(records, 'train'), { recursive: true })
    await writeFile(join(records, 'train', 'heart.data'), heartRows(hospital.site))
    await hospital.command('data', 'add', DATASET, records, '--contract', file)
    const isThere = async () => (await readProposals(hospital.folder)).some(one => one.study.study === study)
    await until(`the proposal reaches ${hospital.site}`, isThere, signal)
    await hospital.command('study', 'approve', study, '--dataset', DATASET)
  }
  await Promise.all([a, b, c].map(approve))
}

/** Rows like those of the UCI heart disease data, of nobody: who is older and whose heart beats slower is ill more often. */
function heartRows(label: string): string {
  const random = createRandom(label)
  const whole = (low: number, high: number) => low + random.below(high - low + 1)
  const rows = Array.from({ length: ROWS }, () => {
    const [age, rate] = [whole(30, 75), whole(90, 190)]
    const ill = (age - 52) / 12 + (140 - rate) / 25 + random.normal(1) > 0 ? 1 : 0
    const [pain, pressure, cholesterol] = [whole(1, 4), whole(100, 180), whole(150, 350)]
    const rest = [whole(0, 1), whole(0, 2), rate, whole(0, 1), whole(0, 4), whole(1, 3), 0, 3, ill]
    return [age, whole(0, 1), pain, pressure, cholesterol, ...rest].join(',')
  })
  return `${rows.join('\n')}\n`
}

function meansOf(records: readonly RoundRecord[]): StudyReport['rounds'][string] {
  const results = records.filter(({ outcome }) => outcome === 'result')
  const mean = (of: (record: RoundRecord) => number) =>
    Math.round(results.reduce((sum, record) => sum + of(record), 0) / Math.max(1, results.length))
  return { results: results.length, ms: mean(({ durationMs }) => durationMs), bytesSent: mean(one => one.bytesSent) }
}

async function until(what: string, holds: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await holds())) {
    if (signal.aborted) throw new Error(`It took too long until ${what}`)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}
