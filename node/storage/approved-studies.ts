/** The studies that this hospital's operator has approved, one file each. @module */

import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT } from '../errors.ts'
import { writeFileAtomic } from './atomic-file.ts'
import { damaged, failure, type ReadOptions, readStudyFile, type VerifiedStudy } from './study-file.ts'

export const STUDIES_FOLDER = 'studies'
const STUDY_SUFFIX = '.study'
const DATASET_SUFFIX = '.dataset'
/** Holds the number of returns that an operator has seen: see `noteResumed`. */
const RESUMED_SUFFIX = '.resumed'
/** Holds the id of the study that the node last took part in. */
const CURRENT_FILE = 'current'

/**
 * What is noted of an approved study, each in an empty file of its own:
 * `joining`  its roster does not name this hospital, which waits to be admitted;
 * `finished` its last round is certified;
 * `left`     the operator has left it.
 */
const MARKS = ['joining', 'finished', 'left'] as const
export type StudyMark = (typeof MARKS)[number]

const markOf = (folder: string, study: string, mark: StudyMark): string =>
  join(folder, STUDIES_FOLDER, `${study}.${mark}`)

/**
 * Copies a verified study into the folder's approved ones. Returns the file.
 *
 * @param dataset name of the data set that the study takes; that of an earlier approval stays where none is given
 * @param joining whether the hospital waits to be admitted to it
 */
export async function storeApproved(
  folder: string,
  { study, bytes }: Pick<VerifiedStudy, 'study' | 'bytes'>,
  { dataset, joining = false }: { dataset?: string | undefined; joining?: boolean } = {},
): Promise<string> {
  const studies = join(folder, STUDIES_FOLDER)
  await mkdir(studies, { recursive: true, mode: 0o700 })
  const file = join(studies, `${study}${STUDY_SUFFIX}`)
  if (dataset !== undefined) await writeFileAtomic(join(studies, `${study}${DATASET_SUFFIX}`), `${dataset}\n`)
  if (joining) await markStudy(folder, study, 'joining')
  await rm(markOf(folder, study, 'left'), { force: true })
  await writeFileAtomic(file, bytes)
  return file
}

/** Notes something of an approved study. */
export async function markStudy(folder: string, study: string, mark: StudyMark): Promise<void> {
  await writeFileAtomic(markOf(folder, study, mark), '')
}

/** When something was noted of a study, in ms since 1970; null: it was not. */
export async function markedAt(folder: string, study: string, mark: StudyMark): Promise<number | null> {
  return await stat(markOf(folder, study, mark)).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  )
}

/** Notes that an operator lets a study go on after so many returns to its best model. */
export async function noteResumed(folder: string, study: string, returns: number): Promise<void> {
  await writeFileAtomic(join(folder, STUDIES_FOLDER, `${study}${RESUMED_SUFFIX}`), Buffer.from(`${returns}\n`))
}

/** The returns after which an operator has let a study go on; 0 where nobody was asked. */
export async function resumedReturns(folder: string, study: string): Promise<number> {
  const text = await readFile(join(folder, STUDIES_FOLDER, `${study}${RESUMED_SUFFIX}`), 'utf8').catch(() => '0')
  return /^\d{1,9}\n?$/.test(text) ? Number(text) : 0
}

/** Name of the data set that was bound to a study by its approval; null: none was named. */
export async function boundDataset(folder: string, study: string): Promise<string | null> {
  const text = await readFile(join(folder, STUDIES_FOLDER, `${study}${DATASET_SUFFIX}`), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    },
  )
  return text === null ? null : text.trim()
}

/** All approved studies of a data folder, verified again. @throws OperatorError as `openStudy` */
export async function approvedStudies(folder: string, options: ReadOptions = {}): Promise<VerifiedStudy[]> {
  const studies = join(folder, STUDIES_FOLDER)
  const names = await readdir(studies).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const verified: VerifiedStudy[] = []
  for (const name of names.filter(entry => entry.endsWith(STUDY_SUFFIX)).sort()) {
    const found = await readStudyFile(join(studies, name), options)
    if (`${found.study}${STUDY_SUFFIX}` !== name) throw damaged(join(studies, name))
    verified.push(found)
  }
  return verified
}

/** Notes which study the node takes part in, so that a restart goes on with it whatever is approved meanwhile. */
export async function noteCurrentStudy(folder: string, study: string): Promise<void> {
  await writeFileAtomic(join(folder, STUDIES_FOLDER, CURRENT_FILE), Buffer.from(`${study}\n`))
}

/** The id that `noteCurrentStudy` noted, or undefined. A file that holds no id names no study. */
async function currentStudy(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, STUDIES_FOLDER, CURRENT_FILE), 'utf8').catch(() => '')
  return /^[0-9a-f]{64}\n?$/.test(text) ? text.trim() : undefined
}

/**
 * The one approved study that is meant.
 *
 * @param prefix the first hex digits of its id; not needed when there is only one, or when the node took part in one
 * @throws OperatorError `no-study` (exit code 3); `which-study`, `unknown-study` (exit code 2); as `approvedStudies`
 */
export async function selectStudy(folder: string, prefix = '', options: ReadOptions = {}): Promise<VerifiedStudy> {
  const approved = await approvedStudies(folder, options)
  if (approved.length === 0) {
    throw failure('no-study', `No study is approved in ${folder}`, {
      hint: 'Approve one with "confrere study approve FILE --data DIR".',
      exitCode: EXIT.config,
    })
  }
  const current = prefix === '' && approved.length > 1 ? await currentStudy(folder) : undefined
  const known = approved.some(({ study }) => study === current) ? (current as string) : prefix.toLowerCase()
  const meant = approved.filter(({ study }) => study.startsWith(known))
  if (meant.length === 1) return meant[0]!
  const names = approved.map(({ study, document }) => `${study.slice(0, 12)} (${document.name})`).join(', ')
  throw failure(
    meant.length === 0 ? 'unknown-study' : 'which-study',
    meant.length === 0 ? `No approved study begins with ${prefix}` : `${meant.length} approved studies are meant`,
    { hint: `Name one with --study: ${names}.`, exitCode: EXIT.usage },
  )
}
