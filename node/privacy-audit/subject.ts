/**
 * Reads the subject of an audit: a node's approved study with its state, or a study file that has not run. It only
 * reads: nothing in a data folder changes, and a running node need not stop.
 *
 * @module
 */

import { deployed } from '../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type NodeConfig, readConfig } from '../config/config.ts'
import { dataSourceOf, fileSource } from '../config/data-source.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { DataSource } from '../datasets/source.ts'
import { readStudyRecords } from '../datasets/study-records.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { ledgerPath, readLedgerFile } from '../privacy/ledger-file.ts'
import { passingDoor, readPatientDoor } from '../privacy/patient-door.ts'
import { privacyReport } from '../privacy/report.ts'
import { approvedStudies, boundDataset } from '../storage/approved-studies.ts'
import { readNewestCheckpoint } from '../storage/newest-checkpoint.ts'
import { requireModel } from '../storage/requires-model.ts'
import { readStudyFile, type VerifiedStudy } from '../storage/study-file.ts'
import type { ModelState } from '../training/trainer.ts'
import type { ChargedEpsilons } from './report.ts'

export interface SubjectChoices {
  /** a data folder, or a study file: one of the two */
  readonly data?: string | undefined
  readonly study?: string | undefined
  /** records to audit on; a node's own unless given */
  readonly records?: string | undefined
  readonly split?: string | undefined
  readonly heldOut?: string | undefined
}

export interface Subject {
  readonly document: StudyDocument
  /** hex */
  readonly study: string
  readonly file: string
  readonly split: string
  readonly dataset: Dataset
  readonly engine: NodeConfig['training']['engine']
  readonly charged: ChargedEpsilons | null
  /** hex, of the node's newest model; null: none yet, or no node */
  readonly checkpoint: string | null
  /** a finished or running study's newest model, the records it was trained on here, and others */
  readonly final: {
    readonly round: number
    readonly model: ModelState
    readonly members: Dataset
    readonly others: Dataset
  } | null
}

/**
 * Reads the study, the records and, where there is one, the model to audit.
 *
 * @throws OperatorError `which-study`, `no-records`, `no-model`, `no-checkpoint` (exit code 2), `no-study` (exit code
 *   3), and those of the readers of its files
 */
export async function readSubject(choices: SubjectChoices): Promise<Subject> {
  const { data, study, records, heldOut } = choices
  if ((data === undefined) === (study === undefined)) {
    throw usage('which-study', 'Which study?', "Name a node's data folder with --data, or a study file with --study.")
  }
  if (data !== undefined) return await readNode(data, choices)
  if (records === undefined) {
    throw usage('no-records', 'There are no records to rehearse the study on', 'Name a file of some with --npz.')
  }
  if (heldOut !== undefined) {
    throw usage(
      'no-model',
      'A study file has no model to attack with records held out',
      'Say --data for a node that has run it.',
    )
  }
  const found = await readStudyFile(study as string)
  requireModel(found.document, 'attack')
  const split = choices.split ?? 'train'
  const dataset = await readStudyRecords(found.document.contract, fileSource(records, split), {
    door: passingDoor(),
    cache: null,
  })
  const { document } = found
  const nothing = { charged: null, checkpoint: null, final: null }
  return { document, study: found.study, file: records, split, dataset, engine: 'auto', ...nothing }
}

async function readNode(folder: string, { records, split, heldOut }: SubjectChoices): Promise<Subject> {
  const config = await readConfig(folder)
  const newest = await readNewestCheckpoint(folder).catch((error: OperatorError) => {
    if (error.code === 'no-checkpoint') return undefined
    throw error
  })
  const { document, study } = await approvedStudy(folder, newest?.document)
  requireModel(document, 'attack')
  const own = dataSourceOf(config, await boundDataset(folder, study))
  const file = records ?? own?.path ?? null
  if (file === null) {
    throw usage('no-records', `${folder} has no records`, 'Name a file of some with --npz, or in config.toml.')
  }
  const chosen = split ?? (records === undefined ? (own?.split ?? 'train') : 'train')
  const door = await readPatientDoor(folder)
  const source = records === undefined && own !== null ? own : fileSource(file, chosen)
  const read = (from: DataSource) => readStudyRecords(document.contract, from, { door, cache: null })
  const dataset = await read({ ...source, split: chosen })
  const members = own === null ? null : await read(own)
  const others = heldOut === undefined ? null : await read({ ...source, split: heldOut })
  if (heldOut !== undefined && newest === undefined) {
    throw usage('no-checkpoint', `${folder} has no model yet to attack with records held out`, 'Leave --held-out away.')
  }
  const final =
    newest === undefined || members === null || others === null
      ? null
      : { round: newest.round, model: deployed(newest.checkpoint), members, others }
  const charged = await chargedOf(folder, { document, study })
  const checkpoint = newest?.hash ?? null
  return { document, study, file, split: chosen, dataset, engine: config.training.engine, charged, checkpoint, final }
}

/** The study that was trained last, or the only one. */
async function approvedStudy(folder: string, trained: StudyDocument | undefined): Promise<VerifiedStudy> {
  const approved = await approvedStudies(folder)
  const wanted = trained === undefined ? approved : approved.filter(({ document }) => isSame(document, trained))
  const [first, ...more] = wanted
  if (first === undefined) {
    throw new OperatorError('no-study', `No study is approved in ${folder}`, {
      hint: 'Approve one with "confrere study approve FILE --data DIR", or audit a file with --study.',
      exitCode: EXIT.config,
    })
  }
  if (more.length === 0) return first
  const names = approved.map(({ document }) => document.name).join(', ')
  throw usage('which-study', `Several studies are approved, and none has run: ${names}`, 'Name its file with --study.')
}

function isSame(a: StudyDocument, b: StudyDocument): boolean {
  return a.created === b.created && Buffer.compare(a.initialSeed, b.initialSeed) === 0
}

async function chargedOf(
  folder: string,
  { document, study }: { document: StudyDocument; study: string },
): Promise<ChargedEpsilons | null> {
  const { ledger } = await readLedgerFile(ledgerPath(folder))
  const documents = new Map([[study, document]])
  const { accounts } = privacyReport({ ledger, documents, epsilonMax: null })
  const spent = accounts.flatMap(({ studies }) => studies).find(found => found.study === study)
  if (spent === undefined) return null
  return { rounds: spent.charged, colluding: spent.colluding, model: spent.model, alone: spent.alone }
}

function usage(code: string, message: string, hint: string): OperatorError {
  return new OperatorError(code, message, { hint, exitCode: EXIT.usage })
}
