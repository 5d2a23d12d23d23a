/**
 * Records that were read from files, kept on disk as the tensors that training takes, so that files are read once. A cache
 * holds no names: a file's name, size and time of change go into the hash that the cache is named by.
 *
 * Two files for each: rows of float32 (see row-file.ts), and their labels, splits and patients' keyed hashes (JSON), which
 * is written last: rows without it are read anew. Both belong to their owner alone.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { encode } from '../../protocols/encoding/codec.ts'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { writeFileAtomic } from '../storage/atomic-file.ts'
import { RowFile } from '../storage/row-file.ts'
import type { Dataset } from './dataset.ts'
import type { Finding } from './reader.ts'
import { datasetOf, FactsCollector, type KeptFacts, recordsOfSplit } from './record-collector.ts'

/** Raised when readers make other tensors of the same file: caches of before are read anew. */
const READERS_VERSION = 1
const ROWS = '.rows'
const FACTS = '.json'

const FACTS_SCHEMA = z.strictObject({
  /** `sourceId`, so that all caches of a data set can be deleted */
  source: z.string(),
  labels: z.string(),
  splitOf: z.string(),
  splits: z.array(z.string()),
  patients: z.string().nullable(),
  patientHashes: z.string().nullable(),
})

/** What a cache is of. */
export interface CacheKey {
  readonly contract: DataContract
  readonly source: string
  /** name, size and time of change of each file, or whatever else tells one state of the source from another */
  readonly state: string
}

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

  /** The records of a split, or undefined when they have not been read in this state. */
  async read(key: CacheKey, split: string): Promise<Dataset | undefined> {
    const name = nameOf(key)
    const facts = await this.#facts(name)
    if (facts === undefined) return undefined
    const { shape } = key.contract
    const rows = this.#rows(name, shape)
    try {
      if (rows.held !== facts.labels.length) return undefined
      return datasetOf(facts, {
        shape,
        indices: recordsOfSplit(facts, split),
        values: (record, into) => rows.read(record, into),
      })
    } finally {
      rows.close()
    }
  }

  /**
   * Keeps the records among findings, one at a time, and hands every finding on.
   *
   * @returns how many records are kept
   */
  async write(key: CacheKey, findings: AsyncIterable<Finding>, each: (finding: Finding) => void): Promise<number> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const name = nameOf(key)
    await this.#remove(name)
    const rows = this.#rows(name, key.contract.shape)
    const collector = new FactsCollector()
    try {
      for await (const finding of findings) {
        if (finding.ok && finding.record !== null) {
          rows.append(finding.record.values)
          collector.add(finding.record)
        }
        each(finding)
      }
      rows.sync()
    } finally {
      rows.close()
    }
    await this.#keepFacts(name, key.source, collector.facts())
    return collector.count
  }

  /** Deletes what is kept of a source; of all states and contracts unless some are to stay. */
  async forget(source: string): Promise<void> {
    for (const name of await this.#names()) {
      const kept = await readFile(join(this.#folder, `${name}${FACTS}`), 'utf8').catch(() => null)
      const facts = kept === null ? undefined : FACTS_SCHEMA.safeParse(parsed(kept)).data
      // rows without facts are of a reading that was cut off
      if (facts === undefined || facts.source === source) await this.#remove(name)
    }
  }

  /** Deletes all caches: they hold records of patients who may be out. */
  async clear(): Promise<void> {
    for (const name of await this.#names()) await this.#remove(name)
  }

  async #names(): Promise<string[]> {
    const entries = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return [...new Set(entries.filter(entry => /^[0-9a-f]{64}\./.test(entry)).map(entry => entry.split('.')[0]!))]
  }

  #rows(name: string, shape: readonly number[]): RowFile {
    const length = shape.reduce((product, side) => product * side, 1)
    return new RowFile(join(this.#folder, `${name}${ROWS}`), { key: Buffer.from(name, 'hex'), length })
  }

  async #remove(name: string): Promise<void> {
    await Promise.all([FACTS, ROWS].map(end => rm(join(this.#folder, `${name}${end}`), { force: true })))
  }

  async #keepFacts(name: string, source: string, facts: KeptFacts): Promise<void> {
    const { labels, splitOf, splits, patients, patientHashes } = facts
    const text = JSON.stringify({
      ...{ source, labels: textOf(labels), splitOf: textOf(splitOf), splits },
      ...{ patients: patients && textOf(patients), patientHashes: patientHashes && textOf(patientHashes) },
    })
    await writeFileAtomic(join(this.#folder, `${name}${FACTS}`), text, 0o600)
  }

  async #facts(name: string): Promise<KeptFacts | undefined> {
    const text = await readFile(join(this.#folder, `${name}${FACTS}`), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    const kept = text === undefined ? undefined : FACTS_SCHEMA.safeParse(parsed(text)).data
    if (kept === undefined) return undefined
    const { labels, splitOf, splits, patients, patientHashes } = kept
    return {
      ...{ labels: numbersOf(labels), splitOf: numbersOf(splitOf), splits },
      patients: patients === null ? null : numbersOf(patients),
      patientHashes: patientHashes === null ? null : new Uint8Array(Buffer.from(patientHashes, 'base64')),
    }
  }
}

function nameOf({ contract, source, state }: CacheKey): string {
  const head = JSON.stringify([READERS_VERSION, source, state])
  return createHash('sha256').update(head).update(encode(contract)).digest('hex')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textOf(values: Int32Array | Uint8Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}

function numbersOf(text: string): Int32Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  return new Int32Array(bytes.buffer, 0, Math.floor(bytes.length / Int32Array.BYTES_PER_ELEMENT))
}
