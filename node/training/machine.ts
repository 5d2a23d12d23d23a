/** What this machine has, for comparison with what a study needs. @module */

import { statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import type { Machine } from './needs.ts'

/** @param folder that data are written to; it exists */
export async function thisMachine(folder: string): Promise<Machine> {
  const { bavail, bsize } = await statfs(folder)
  // of a container or a service; without a limit it is 0 or more than there is
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return { memoryBytes: Math.min(totalmem(), limit), diskBytes: bavail * bsize }
}
