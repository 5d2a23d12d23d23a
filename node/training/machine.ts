/** What this machine has, for comparison with what a study needs. @module */

import type { Stats } from 'node:fs'
import { lstat, readdir, statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Machine } from './needs.ts'

const BLOCK_BYTES = 512

/**
 * @param folder that data are written to; it exists
 * @param study  folder of the study that is compared, if it has one: what it holds already is not needed again
 */
export async function thisMachine(folder: string, study?: string): Promise<Machine> {
  const { bavail, bsize } = await statfs(folder)
  const held = study === undefined ? 0 : await bytesIn(study)
  // of a container or a service; without a limit it is 0 or more than there is
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return { memoryBytes: Math.min(totalmem(), limit), diskBytes: bavail * bsize + held }
}

/** What the files of a folder take on the disk; 0 where there is none. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  // a file may go while others are counted
  const found = await Promise.all(names.map(name => lstat(join(folder, name)).catch(() => null)))
  return found.reduce((sum, stats: Stats | null) => sum + (stats?.isFile() ? stats.blocks * BLOCK_BYTES : 0), 0)
}
