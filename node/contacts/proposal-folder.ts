/**
 * Proposed studies on the disk, apart from approved ones: the file as its founder signed it, and who has answered what.
 *
 * @module
 */

import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ProtocolError } from '../../protocols/errors.ts'
import { same } from '../../protocols/immutable.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileAtomic } from '../storage/atomic-file.ts'
import { locked } from '../storage/folder-lock.ts'
import { peerIdString } from '../storage/identity.ts'
import { openStudy, type VerifiedStudy } from '../storage/study-file.ts'
import { mergeAnswers, readAnswer, type StudyAnswer } from './answer.ts'
import { CHANGES_OF_ONE_MAX, PROPOSED_BYTES_MAX } from './proposal-message.ts'

export const PROPOSALS_FOLDER = 'proposals'
const STUDY_SUFFIX = '.study'
const NOTES_SUFFIX = '.json'
const PROPOSALS_MAX = 100
/** That wait for this hospital's answer, from one contact. */
const WAITING_FROM_ONE_MAX = 8
/** Of one study; the oldest that is done with is forgotten first. */
const CHANGES_KEPT_MAX = 64

const NOTES = z.object({
  /** PeerId of who sent it here; this hospital itself where its operator proposes it */
  from: z.string(),
  /** this hospital sends it to the others of its roster */
  sends: z.boolean(),
  /** ms since 1970 */
  since: z.number(),
  /** signed answers, base64 */
  answers: z.array(z.string()),
  /** changes of the study's roster that were proposed; `change` in base64 */
  changes: z
    .array(z.object({ change: z.string(), from: z.string(), state: z.enum(['proposed', 'refused', 'settled']) }))
    .default([]),
})

/** A change of a roster that a hospital proposes. */
export interface ProposedChange {
  /** as `encodeChange` makes it */
  readonly bytes: Uint8Array
  /** PeerId of who proposes it */
  readonly from: string
  /** `settled`: it holds, or can never hold */
  readonly state: 'proposed' | 'refused' | 'settled'
}

export interface StudyProposal extends Pick<z.infer<typeof NOTES>, 'from' | 'sends' | 'since'> {
  readonly study: VerifiedStudy
  /** of each hospital that has answered, by PeerId */
  readonly answers: ReadonlyMap<string, StudyAnswer>
  readonly changes: readonly ProposedChange[]
}

/** All proposals, the oldest first. A file that was damaged is left out: its proposer sends it again. */
export async function readProposals(folder: string): Promise<StudyProposal[]> {
  const names = await readdir(join(folder, PROPOSALS_FOLDER)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const ids = names.filter(name => name.endsWith(STUDY_SUFFIX)).map(name => name.slice(0, -STUDY_SUFFIX.length))
  const found = await Promise.all(ids.map(id => readProposal(folder, id)))
  return found.filter(one => one !== undefined).sort((a, b) => a.since - b.since)
}

/** One proposal. @param study hex id */
export async function readProposal(folder: string, study: string): Promise<StudyProposal | undefined> {
  const base = join(folder, PROPOSALS_FOLDER, study)
  try {
    const file = verified(new Uint8Array(await readFile(base + STUDY_SUFFIX)), base + STUDY_SUFFIX)
    if (file.study !== study) return undefined
    const { answers, changes, ...notes } = NOTES.parse(JSON.parse(await readFile(base + NOTES_SUFFIX, 'utf8')))
    const heard = answers.map(text => readAnswer(new Uint8Array(Buffer.from(text, 'base64'))))
    return {
      ...notes,
      study: file,
      answers: mergeAnswers(new Map(), heard, { study, peers: rosterOf(file) }),
      changes: changes.map(({ change, ...one }) => ({ ...one, bytes: new Uint8Array(Buffer.from(change, 'base64')) })),
    }
  } catch (error) {
    const isDamage = error instanceof OperatorError || error instanceof ProtocolError || error instanceof z.ZodError
    if (isDamage || error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Studies that were verified, by id: verifying one takes 15 ms, and the running node reads them all again and again. */
const opened = new Map<string, VerifiedStudy>()

function verified(bytes: Uint8Array, file: string): VerifiedStudy {
  const known = [...opened.values()].find(one => same(one.bytes, bytes))
  if (known !== undefined) return known
  const fresh = openStudy(bytes, file)
  if (opened.size >= PROPOSALS_MAX) opened.delete(opened.keys().next().value as string)
  opened.set(fresh.study, fresh)
  return fresh
}

/** PeerIds of a study's hospitals. */
export function rosterOf({ document }: Pick<VerifiedStudy, 'document'>): string[] {
  return document.hospitals.map(({ id }) => peerIdString(id))
}

/**
 * Keeps a study that this hospital proposes, or that a contact has proposed to it. One that is there already stays.
 *
 * @param from PeerId of who sent it; `self` where the operator proposes it
 * @throws OperatorError `proposal-too-long`, `too-many-proposals`; exit code 2
 */
export async function storeProposal(
  folder: string,
  file: VerifiedStudy,
  { from, self, now }: { from: string; self: string; now: number },
): Promise<void> {
  if (file.bytes.length > PROPOSED_BYTES_MAX) {
    throw refusal(
      'proposal-too-long',
      `The study file has ${file.bytes.length} bytes, and ${PROPOSED_BYTES_MAX} can be proposed`,
      'Send the file by hand.',
    )
  }
  await inFolder(folder, async () => {
    const known = await readProposals(folder)
    const same = known.find(({ study }) => study.study === file.study)
    const sends = from === self
    if (same !== undefined) {
      if (sends && !same.sends) await writeNotes(folder, { ...same, sends })
      return
    }
    const waiting = known.filter(one => one.from === from && !one.answers.has(self))
    if (known.length >= PROPOSALS_MAX || (!sends && waiting.length >= WAITING_FROM_ONE_MAX)) {
      throw refusal(
        'too-many-proposals',
        'Too many proposed studies wait for an answer',
        'Approve or refuse some first: "confrere study list".',
      )
    }
    await writeFileAtomic(join(folder, PROPOSALS_FOLDER, file.study + STUDY_SUFFIX), file.bytes, 0o600)
    await writeNotes(folder, { study: file, from, sends, since: now, answers: new Map(), changes: [] })
  })
}

/** Adds answers to a proposal, where there is that proposal. @returns whether one was new */
export async function addAnswers(folder: string, study: string, answers: readonly StudyAnswer[]): Promise<boolean> {
  if (answers.length === 0) return false
  return await inFolder(folder, async () => {
    const known = await readProposal(folder, study)
    if (known === undefined) return false
    const merged = mergeAnswers(known.answers, answers, { study, peers: rosterOf(known.study) })
    const isNew = [...merged].some(([peer, answer]) => known.answers.get(peer) !== answer)
    if (isNew) await writeNotes(folder, { ...known, answers: merged })
    return isNew
  })
}

/**
 * Keeps changes of a study's roster, where there is that proposal; one that is known stays what it is.
 *
 * @returns those that are new
 */
export async function addChanges(
  folder: string,
  study: string,
  { from, changes }: { from: string; changes: readonly Uint8Array[] },
): Promise<readonly Uint8Array[]> {
  if (changes.length === 0) return []
  return await inFolder(folder, async () => {
    const known = await readProposal(folder, study)
    if (known === undefined) return []
    const waiting = known.changes.filter(one => one.from === from && one.state === 'proposed').length
    const fresh = changes
      .filter(bytes => !known.changes.some(one => same(one.bytes, bytes)))
      .slice(0, Math.max(0, CHANGES_OF_ONE_MAX - waiting))
    if (fresh.length === 0) return []
    const all = [...known.changes, ...fresh.map(bytes => ({ bytes, from, state: 'proposed' as const }))]
    const done = all.filter(({ state }) => state !== 'proposed').slice(0, Math.max(0, all.length - CHANGES_KEPT_MAX))
    await writeNotes(folder, { ...known, changes: all.filter(one => !done.includes(one)) })
    return fresh
  })
}

/** Notes what became of a change: the operator refused it, or the running node has seen that it is settled. */
export async function markChange(
  folder: string,
  study: string,
  { bytes, state }: Pick<ProposedChange, 'bytes' | 'state'>,
): Promise<void> {
  await inFolder(folder, async () => {
    const known = await readProposal(folder, study)
    if (known === undefined) return
    const changes = known.changes.map(one => (same(one.bytes, bytes) ? { ...one, state } : one))
    await writeNotes(folder, { ...known, changes })
  })
}

/** When the folder last changed, to see whether a command wrote to it. */
export async function proposalsWritten(folder: string): Promise<number> {
  return await stat(join(folder, PROPOSALS_FOLDER)).then(
    found => found.mtimeMs,
    () => 0,
  )
}

async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(join(folder, PROPOSALS_FOLDER), { recursive: true, mode: 0o700 })
  return await locked(join(folder, PROPOSALS_FOLDER), work)
}

async function writeNotes(folder: string, { study, from, sends, since, ...rest }: StudyProposal): Promise<void> {
  const answers = [...rest.answers.values()].map(({ bytes }) => Buffer.from(bytes).toString('base64'))
  const changes = rest.changes.map(({ bytes, ...one }) => ({ ...one, change: Buffer.from(bytes).toString('base64') }))
  const notes: z.infer<typeof NOTES> = { from, sends, since, answers, changes }
  const file = join(folder, PROPOSALS_FOLDER, study.study + NOTES_SUFFIX)
  await writeFileAtomic(file, `${JSON.stringify(notes)}\n`, 0o600)
}

function refusal(code: string, message: string, hint: string): OperatorError {
  return new OperatorError(code, message, { hint, exitCode: EXIT.usage })
}
