/** Where a hospital's records are, and what is known of them beside the files themselves. @module */

import { createHash } from 'node:crypto'

export interface DataSource {
  /** a file or a folder, absolute */
  readonly path: string
  /** records of this split, and those that belong to none */
  readonly split: string
  /** a CSV that names label, patient and split of each file; null: none */
  readonly list: string | null
  /** names of files, such as `{label}_{patient}_{}.wav`; null: folders are named as classes */
  readonly names: string | null
}

/** Names a source in a cache, without its path. */
export function sourceId({ path, list, names }: Omit<DataSource, 'split'>): string {
  return createHash('sha256')
    .update(JSON.stringify([path, list, names]))
    .digest('hex')
}
