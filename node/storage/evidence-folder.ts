/**
 * Evidence against faulty hospitals as files in the data folder, one for each lie, for the operator to show to whom it
 * concerns. Whatever goes wrong with it, the round goes on.
 *
 * @module
 */

import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../crypto/hash.ts'
import { type EvidenceFile, encodeEvidenceFile } from '../../protocols/evidence/evidence-file.ts'
import { hex } from '../../protocols/immutable.ts'
import { writeFileAtomic } from './atomic-file.ts'

export const EVIDENCE_FOLDER = 'evidence'
const EVIDENCE_SUFFIX = '.evidence'

/** One file, as its name tells. */
export interface EvidenceEntry {
  readonly file: string
  /** first hex digits of the study's id */
  readonly study: string
  readonly round: number
  /** what the node called it */
  readonly code: string
  /** base58btc PeerId */
  readonly peer: string
  readonly bytes: number
}

/** study-round-code-peer-hash: every part without the separator but the code, which has it */
const NAME = /^([0-9a-f]{8})-r(\d{1,10})-([a-z-]{1,40})-([1-9A-HJ-NP-Za-km-z]{40,60})-[0-9a-f]{8}\.evidence$/

/** What evidence a data folder holds, oldest round first; files of other names are not its. */
export async function listEvidence(folder: string): Promise<EvidenceEntry[]> {
  const names = await readdir(join(folder, EVIDENCE_FOLDER)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const entries: EvidenceEntry[] = []
  for (const name of names.sort()) {
    const [, study, round, code, peer] = NAME.exec(name) ?? []
    if (study === undefined || round === undefined || code === undefined || peer === undefined) continue
    const file = join(folder, EVIDENCE_FOLDER, name)
    // it may be gone by now
    const bytes = await stat(file).then(
      found => found.size,
      () => undefined,
    )
    if (bytes !== undefined) entries.push({ file, study, round: Number(round), code, peer, bytes })
  }
  return entries.sort((a, b) => a.round - b.round)
}

export class EvidenceFolder {
  readonly #folder: string
  readonly #study: string
  /** each file waits for the one before it: they are counted */
  #last: Promise<unknown> = Promise.resolve()
  #count = 0

  /** @param study hex id */
  constructor(folder: string, study: string) {
    this.#folder = folder
    this.#study = study.slice(0, 8)
  }

  /** files of this study, as far as this process knows */
  get count(): number {
    return this.#count
  }

  async open(): Promise<void> {
    this.#count = (await this.#own()).length
  }

  /**
   * Keeps one case: unless the same lie of the same hospital in the same round is kept, or the limits are reached. The
   * first proofs are as good as any later ones.
   *
   * @returns the file, or null when none was written
   */
  keep(accused: { readonly peer: string; readonly code: string }, found: EvidenceFile): Promise<string | null> {
    const kept = this.#last.then(() => this.#keep(accused, found))
    this.#last = kept.catch(() => {})
    return kept
  }

  async #keep({ peer, code }: { peer: string; code: string }, found: EvidenceFile): Promise<string | null> {
    const own = await this.#own()
    const against = own.filter(entry => entry.peer === peer)
    if (against.some(entry => entry.code === code && entry.round === found.round)) return null
    const bytes = encodeEvidenceFile(found)
    const total = own.reduce((sum, entry) => sum + entry.bytes, bytes.length)
    if (against.length >= EVIDENCE_PER_PEER_MAX || total > EVIDENCE_BYTES_PER_STUDY) return null
    const name = `${this.#study}-r${found.round}-${code}-${peer}-${hex(sha256(bytes)).slice(0, 8)}${EVIDENCE_SUFFIX}`
    const folder = join(this.#folder, EVIDENCE_FOLDER)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFileAtomic(join(folder, name), bytes)
    this.#count = own.length + 1
    return join(folder, name)
  }

  async #own(): Promise<EvidenceEntry[]> {
    return (await listEvidence(this.#folder)).filter(({ study }) => study === this.#study)
  }
}

/** Files of evidence against one hospital: the first say as much as all later ones, and a liar lies in every round. */
export const EVIDENCE_PER_PEER_MAX = 16
/** A false sum of a large model takes the whole chunk of everybody; a liar must not fill the disk with proofs. */
const EVIDENCE_BYTES_PER_STUDY = 1 << 30
