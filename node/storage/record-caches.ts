/** Where a data folder keeps records that were read from files. @module */

import { join } from 'node:path'
import { RecordCache } from '../datasets/record-cache.ts'

const CACHE_FOLDER = 'records'

export function recordCacheFolder(folder: string): string {
  return join(folder, CACHE_FOLDER)
}

/** The caches of a data folder. */
export function recordCacheOf(folder: string): RecordCache {
  return new RecordCache(recordCacheFolder(folder))
}
