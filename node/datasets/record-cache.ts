/**
 * Records that were read from files, kept on disk as the tensors that training takes, so that files are read once. A cache
 * holds no names: a file's name, size and time of change go into the hash that the cache is named by.
 *
 * Two files for each: rows of values (see row-file.ts), and a line for each record (see facts-file.ts). Both belong to
 * their owner alone.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '../../protocols/encoding/codec.ts'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { RowFile } from '../storage/row-file.ts'
import { type Dataset, type DatasetCounts, datasetCounts } from './dataset.ts'
import { appendFacts, type FactsLine, factsLine, type KeptFacts, readFacts, writeFacts } from './facts-file.ts'
import type { Finding } from './reader.ts'
import { datasetOf, linesOfSplit } from './record-collector.ts'

/** Raised when readers make other tensors of the same file: caches of before are read anew. */
const READERS_VERSION = 2
const ROWS = '.rows'
const FACTS = '.jsonl'

/** What a cache is of. */
export interface CacheKey {
  readonly contract: DataContract
  readonly source: string
  /** name, size and time of change of each file, or whatever else tells one state of the source from another */
  readonly state: string
}

/** A finding, and what names its record at a source that is read in several goes. */
export type KeyedFinding = Finding & { readonly key?: string }

const CACHE_FOLDER = 'records'

/** Where a data folder keeps records that were read from files. */
export function recordCacheFolder(dataFolder: string): string {
  return join(dataFolder, CACHE_FOLDER)
}

/** The caches of a data folder. */
export function recordCacheOf(dataFolder: string): RecordCache {
  return new RecordCache(recordCacheFolder(dataFolder))
}

/** Caches in a folder. */
export class RecordCache {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * The records of a split, or undefined when they have not all been read in this state. Values are read from the disk
   * whenever they are asked for; the file stays open until the process or the worker ends.
   */
  async read(key: CacheKey, split: string): Promise<Dataset | undefined> {
    const name = nameOf(key)
    const facts = await readFacts(this.#path(name, FACTS))
    if (facts === undefined || !facts.whole) return undefined
    const rows = this.#rows(name, facts.length)
    if (rows.held !== facts.lines.length) {
      rows.close()
      return undefined
    }
    const indices = linesOfSplit(facts.lines, split)
    const values = (record: number, into: Float32Array): void => rows.read(record, into)
    return datasetOf(facts.lines, { shape: key.contract.shape, indices, values, valueBytes: 0 })
  }

  /** Keys of the records that an earlier reading has kept: one that goes on leaves them out. */
  async keys(key: CacheKey): Promise<Set<string>> {
    const facts = await this.#begun(nameOf(key), key)
    return new Set(facts.lines.flatMap(line => (line.key === null ? [] : [line.key])))
  }

  /** Hex of the hashes of the patients whose records an earlier reading has kept. */
  async patients(key: CacheKey): Promise<Set<string>> {
    const facts = await this.#begun(nameOf(key), key)
    return new Set(facts.lines.flatMap(({ patient }) => (patient === null ? [] : [patient])))
  }

  /**
   * Keeps the records among findings, one at a time, and hands every finding on.
   *
   * @param goesOn whether records of an earlier reading stay; they are what `keys` names
   * @returns how many records are kept
   */
  async write(
    key: CacheKey,
    findings: AsyncIterable<KeyedFinding>,
    { each, goesOn = false }: { each: (finding: Finding) => void; goesOn?: boolean },
  ): Promise<number> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const name = nameOf(key)
    if (!goesOn) await this.#remove(name)
    const { lines, length } = await this.#begun(name, key)
    const rows = this.#rows(name, length)
    let count = lines.length
    try {
      for await (const finding of findings) {
        if (finding.ok && finding.record !== null) {
          rows.append(finding.record.values)
          await appendFacts(this.#path(name, FACTS), factsLine(finding.record, finding.key ?? null))
          count += 1
        }
        each(finding)
      }
      rows.sync()
    } finally {
      rows.close()
    }
    // nothing that fits is nothing to keep
    if (count === 0) await this.#remove(name)
    else await appendFacts(this.#path(name, FACTS), 'end')
    return count
  }

  /**
   * How many records and patients are kept of a split, as they were read last; null: they have not all been read.
   * Nothing is read again while nothing is written.
   */
  async counts(source: string, split: string): Promise<DatasetCounts | null> {
    const found: { at: number; counts: DatasetCounts }[] = []
    for (const name of await this.#names()) {
      const file = this.#path(name, FACTS)
      const seen = await stat(file).catch(() => null)
      if (seen === null) continue
      const key = JSON.stringify([file, seen.mtimeMs, seen.size, source, split])
      const known = counted.get(key)
      const counts = known === undefined ? await countsIn(file, source, split) : known
      if (counted.size >= COUNTED_MAX) counted.clear()
      counted.set(key, counts)
      if (counts !== null) found.push({ at: seen.mtimeMs, counts })
    }
    return found.sort((a, b) => b.at - a.at)[0]?.counts ?? null
  }

  /** Deletes what is kept of a source, in all states and for all contracts; and what was cut off. */
  async forget(source: string): Promise<void> {
    for (const name of await this.#names()) {
      const facts = await readFacts(this.#path(name, FACTS))
      if (facts === undefined || facts.source === source) await this.#remove(name)
    }
  }

  /**
   * Takes the records of patients out of all caches; what is left is written anew.
   *
   * @param out hex of the patients' hashes
   * @returns how many records were deleted
   */
  async deletePatients(out: ReadonlySet<string>): Promise<number> {
    let deleted = 0
    for (const name of await this.#names()) {
      const facts = await readFacts(this.#path(name, FACTS))
      if (facts === undefined) await this.#remove(name)
      else deleted += await this.#keepOnly(name, facts, ({ patient }) => patient === null || !out.has(patient))
    }
    return deleted
  }

  async #keepOnly(name: string, facts: KeptFacts, isKept: (line: FactsLine) => boolean): Promise<number> {
    const left = [...facts.lines.keys()].filter(record => isKept(facts.lines[record]!))
    const deleted = facts.lines.length - left.length
    if (deleted === 0) return 0
    const file = this.#path(name, ROWS)
    const [from, to] = [this.#rows(name, facts.length), this.#rows(name, facts.length, '.new')]
    try {
      const row = new Float32Array(facts.length)
      for (const record of left.filter(at => at < from.held)) {
        from.read(record, row)
        to.append(row)
      }
      to.sync()
    } finally {
      from.close()
      to.close()
    }
    // a crash on the way leaves rows without lines, which are read anew: other lines would be of other rows
    await rm(this.#path(name, FACTS))
    await rename(`${file}.new`, file)
    await writeFacts(this.#path(name, FACTS), { ...facts, lines: left.map(record => facts.lines[record]!) })
    return deleted
  }

  /** What an earlier reading has kept, cut to whole records; or the beginning of a new one. */
  async #begun(name: string, { source, contract }: CacheKey): Promise<KeptFacts> {
    const length = contract.shape.reduce((product, side) => product * side, 1)
    const facts = await readFacts(this.#path(name, FACTS))
    const rows = this.#rows(name, length)
    try {
      const held = Math.min(rows.held, facts?.lines.length ?? 0)
      const begun = { source, length, lines: (facts?.lines ?? []).slice(0, held), whole: false }
      rows.cut(held)
      await writeFacts(this.#path(name, FACTS), begun)
      return begun
    } finally {
      rows.close()
    }
  }

  async #names(): Promise<string[]> {
    const entries = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return [...new Set(entries.filter(entry => /^[0-9a-f]{64}\./.test(entry)).map(entry => entry.split('.')[0]!))]
  }

  #path(name: string, end: string): string {
    return join(this.#folder, `${name}${end}`)
  }

  #rows(name: string, length: number, end = ''): RowFile {
    return new RowFile(`${this.#path(name, ROWS)}${end}`, { key: Buffer.from(name, 'hex'), length })
  }

  async #remove(name: string): Promise<void> {
    for (const end of [FACTS, ROWS, `${ROWS}.new`]) await rm(this.#path(name, end), { force: true })
  }
}

const COUNTED_MAX = 1000
/** By file, state of the file, source and split. */
const counted = new Map<string, DatasetCounts | null>()

async function countsIn(file: string, source: string, split: string): Promise<DatasetCounts | null> {
  const facts = await readFacts(file)
  if (facts === undefined || facts.source !== source || !facts.whole) return null
  const indices = linesOfSplit(facts.lines, split)
  return datasetCounts(datasetOf(facts.lines, { shape: [], indices, values() {}, valueBytes: 0 }))
}

function nameOf({ contract, source, state }: CacheKey): string {
  const head = JSON.stringify([READERS_VERSION, source, state])
  return createHash('sha256').update(head).update(encode(contract)).digest('hex')
}
