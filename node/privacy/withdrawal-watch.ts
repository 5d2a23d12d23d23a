/** Withdrawals while a node runs: its training asks before each step. @module */

import { readFileSync, statSync } from 'node:fs'
import { parseTombstones, withdrawalFile } from './withdrawal.ts'

/**
 * Hashes of the patients who are out now. The file is read again only when it has changed; everything is synchronous, for
 * it is asked in a worker between two steps.
 *
 * @throws OperatorError `withdrawals-damaged`, exit code 8, and errors of the disk: without an answer nobody is drawn
 */
export function createWithdrawalWatch(folder: string): () => ReadonlySet<string> {
  const file = withdrawalFile(folder)
  let known: { seen: string; out: ReadonlySet<string> } | undefined
  return () => {
    const stat = statSync(file, { throwIfNoEntry: false })
    const seen = stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
    if (known?.seen !== seen) {
      const text = stat === undefined ? '' : readFileSync(file, 'utf8')
      known = { seen, out: new Set(parseTombstones(text, file).map(({ patient }) => patient)) }
    }
    return known.out
  }
}
