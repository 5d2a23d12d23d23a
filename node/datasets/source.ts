/** Where a hospital's records are, and what is known of them beside the files themselves. @module */

import { createHash } from 'node:crypto'
import type { PacsQuery } from './dicomweb/search.ts'

export interface DataSource {
  /** a file or a folder, absolute; of a PACS the address of its DICOMweb service */
  readonly path: string
  /** what is asked of a PACS; null: files of this machine */
  readonly pacs: PacsQuery | null
  /** records of this split, and those that belong to none */
  readonly split: string
  /** a CSV that names label, patient and split of each file; null: none */
  readonly list: string | null
  /** other names of the list's columns, by what they are: file, label, patient, split */
  readonly columns: Readonly<Record<string, string>>
  /** names of files, such as `{label}_{patient}_{}.wav`; null: folders are named as classes */
  readonly names: string | null
}

/** Names a source in a cache, without its path. */
export function sourceId({ path, pacs, list, columns, names }: Omit<DataSource, 'split'>): string {
  const known = sorted(columns)
  return createHash('sha256')
    .update(JSON.stringify([path, pacs && sorted(pacs), list, known, names]))
    .digest('hex')
}

function sorted(texts: object): [string, unknown][] {
  return Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1))
}
