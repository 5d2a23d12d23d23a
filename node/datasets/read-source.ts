/** The records of a source: read from its files, or from the cache where nothing has changed since. @module */

import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { packRow, unpackRow } from '../storage/packed-row.ts'
import type { Dataset, RecordOrigin } from './dataset.ts'
import { type FactsLine, factsLine } from './facts-file.ts'
import { openFiles } from './folder.ts'
import { combinedLabelling, FOLDER_LABELLING, type Labelling, listLabelling, patternLabelling } from './labelling.ts'
import type { PatientDoor } from './patients.ts'
import { readRecords } from './read-folder.ts'
import type { Finding } from './reader.ts'
import type { CacheKey, RecordCache } from './record-cache.ts'
import { datasetOf, linesOfSplit } from './record-collector.ts'
import { type DataSource, sourceId } from './source.ts'

export type SourceFiles = Omit<DataSource, 'split'>

/** Whoever asked for records, and wants to know how it goes. */
export interface SourceReading {
  readonly door: PatientDoor
  /** null: nothing is kept */
  readonly cache: RecordCache | null
  /** files that were read, and their number */
  readonly progress?: (read: number, of: number) => void
  /** whether to tell of each record where it stands; a cache does not know, so the files are read anew */
  readonly origins?: boolean
}

/**
 * Reads what a source's files hold, file by file.
 *
 * @param contract null: only whether files can be decoded
 * @throws OperatorError `data-unreadable`, `bad-list`, exit code 12, when the path or the list cannot be read at all
 */
export async function* findingsOf(
  files: SourceFiles,
  { contract, door }: { contract: DataContract | null; door: PatientDoor },
): AsyncGenerator<Finding> {
  const { path, list } = files
  const labelling = await labellingOf(files)
  const except = list === null ? [] : [relative(path, list)]
  const reading = { contract, keyed: door.keyed, facts: labelling.facts }
  for await (const finding of readRecords(path, reading, { listed: labelling.listed, except })) {
    yield isOfWithdrawn(finding, door) ? { ...finding, ok: false, reason: WITHDRAWN } : finding
  }
}

const WITHDRAWN = 'its patient has withdrawn: it stays out'

function isOfWithdrawn(finding: Finding, { withdrawn }: PatientDoor): finding is Finding & { ok: true } {
  const patient = finding.ok ? (finding.record?.patient ?? null) : null
  return patient !== null && withdrawn.has(Buffer.from(patient).toString('hex'))
}

async function labellingOf({ list, columns, names }: SourceFiles): Promise<Labelling> {
  return combinedLabelling(
    ...(list === null ? [] : [await listLabelling(list, columns)]),
    ...(names === null ? [] : [patternLabelling(names)]),
    FOLDER_LABELLING,
  )
}

/** What tells one state of a source from another: its files' names, sizes and times of change. */
export async function stateOf({ path, list }: SourceFiles): Promise<{ state: string; files: number }> {
  const hash = createHash('sha256')
  let files = 0
  for (const root of list === null ? [path] : [path, list]) {
    for await (const found of openFiles(root)) {
      files += 1
      const seen = 'file' in found ? [found.name, found.file.bytes, found.file.changedMs] : [found.name]
      hash.update(JSON.stringify(seen))
    }
  }
  return { state: hash.digest('hex'), files }
}

/**
 * Reads a source's records, those of one split. Files that do not fit are left out: `confrere data check` names them.
 *
 * @throws OperatorError `data-unreadable`, `bad-list`, exit code 12, also when no record fits
 */
export async function readSource(
  source: DataSource,
  contract: DataContract,
  { door, cache: kept, progress, origins = false }: SourceReading,
): Promise<Dataset> {
  if (source.pacs !== null) return await readPulled(source, contract, { cache: kept, origins })
  const cache = origins ? null : kept
  const { state, files } = await stateOf(source)
  const key = { contract, source: sourceId(source), state }
  const before = await cache?.read(key, source.split)
  if (before !== undefined) return requireSome(before, source)
  const count = countFiles(files, progress)
  const faults: string[] = []
  const counter = (finding: Finding): void => {
    count(finding)
    if (!finding.ok && faults.length === 0) faults.push(finding.reason)
  }
  const findings = findingsOf(source, { contract, door })
  if (cache !== null) await cache.write(key, findings, { each: counter })
  const read =
    cache === null
      ? await gathered(findings, { contract, split: source.split, counter, origins })
      : await cache.read(key, source.split)
  return requireSome(read, source, faults[0])
}

/** Names what is kept of a PACS: its state is what was pulled. */
export function pulledKey(source: SourceFiles, contract: DataContract): CacheKey {
  return { contract, source: sourceId(source), state: 'pulled' }
}

/** Records of a PACS are pulled by a command of their own: the start of a node asks no other machine. */
async function readPulled(
  source: DataSource,
  contract: DataContract,
  { cache, origins }: { cache: RecordCache | null; origins: boolean },
): Promise<Dataset> {
  if (origins) {
    throw new OperatorError('no-origins', 'Records that were pulled from a PACS are kept without the names of files', {
      hint: 'Export the images to a folder and name it as a data set: then each record has the name of its file.',
      exitCode: EXIT.dataUnreadable,
    })
  }
  const kept = await cache?.read(pulledKey(source, contract), source.split)
  if (kept !== undefined) return requireSome(kept, source)
  throw new OperatorError(
    'not-pulled',
    'The records of the PACS are not all here for what the study wants of a record',
    {
      hint: 'Pull them with the study as contract: confrere data pull NAME --dicomweb URL --contract STUDY. It goes on where it stopped.',
      exitCode: EXIT.dataUnreadable,
    },
  )
}

/** Tells the number of files of which something was found. */
export function countFiles(files: number, progress?: (read: number, of: number) => void): (finding: Finding) => void {
  let [read, last] = [0, '']
  return ({ file }) => {
    if (file === last && read > 0) return
    last = file
    read += 1
    progress?.(Math.min(read, files), files)
  }
}

interface Gathering {
  readonly contract: DataContract
  readonly split: string
  readonly counter: (finding: Finding) => void
  readonly origins: boolean
}

/** Keeps records in memory, packed. */
async function gathered(
  findings: AsyncIterable<Finding>,
  { contract, split, counter, origins }: Gathering,
): Promise<Dataset> {
  const lines: FactsLine[] = []
  const found: RecordOrigin[] = []
  const rows: Buffer[] = []
  for await (const finding of findings) {
    counter(finding)
    if (!finding.ok || finding.record === null) continue
    lines.push(factsLine(finding.record, null))
    rows.push(packRow(finding.record.values))
    if (origins) found.push({ file: finding.file, row: finding.row ?? null })
  }
  const values = (record: number, into: Float32Array): void => unpackRow(rows[record]!, into)
  const length = contract.shape.reduce((product, side) => product * side, 1)
  const valueBytes = rows.reduce((sum, row) => sum + row.length, 0) / Math.max(1, rows.length * length)
  const indices = linesOfSplit(lines, split)
  const dataset = datasetOf(lines, { shape: contract.shape, indices, values, valueBytes })
  return origins ? { ...dataset, origins: Array.from(indices, record => found[record]!) } : dataset
}

/** @param fault of the first file that does not fit */
function requireSome(dataset: Dataset | undefined, { split }: DataSource, fault?: string): Dataset {
  if (dataset !== undefined && dataset.count > 0) return dataset
  const why = fault === undefined ? '' : ` (the first file: ${fault})`
  throw new OperatorError(
    'data-unreadable',
    `The records have none of the split "${split}" that fits the study${why}`,
    {
      hint: '"confrere data check PATH --contract STUDY" says of each file what does not fit, and "confrere data list" the path.',
      exitCode: EXIT.dataUnreadable,
    },
  )
}
