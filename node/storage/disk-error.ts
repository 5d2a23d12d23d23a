/** A disk that is full or failing is its operator's to mend, so it ends in a sentence and a hint. @module */

import { CodedError } from '../../crypto/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'

/** What systems call it, in an error's code, and what LevelDB makes of it, in words only. */
const FULL = /\bENOSPC\b|\bEDQUOT\b|no space left on device|disk quota exceeded/i
const DAMAGED =
  /\bLEVEL_CORRUPTION\b|\bcorruption\b|\bchecksum mismatch\b|\bbad (block|magic|entry)\b|file is too short/i
const TOO_LARGE = /\bEFBIG\b|file too large/i
const FAILING = /\bEIO\b|\bEROFS\b|input\/output error|read-only file system/i

/**
 * The operator's error of a write that the disk refused; any other error as it is.
 *
 * @returns OperatorError `disk-full`, `file-too-large` or `disk-failing`, exit code 12; `store-damaged`, exit code 3
 */
export function diskError(error: unknown): unknown {
  if (error instanceof CodedError) return error
  const text = wordsOf(error)
  if (FULL.test(text)) {
    return new OperatorError('disk-full', 'The disk of the data folder is full', {
      hint: 'Make room and start the node again: it takes up where it was, and nothing in the folder is damaged.',
      exitCode: EXIT.dataUnreadable,
      cause: error,
    })
  }
  if (TOO_LARGE.test(text)) {
    return new OperatorError('file-too-large', 'A file of the data folder may not grow as large as it has to', {
      hint: 'Raise the limit of file sizes of the user that runs the node (ulimit -f), or move the data folder to a file system without one (FAT32 ends at 4 GiB).',
      exitCode: EXIT.dataUnreadable,
      cause: error,
    })
  }
  if (DAMAGED.test(text)) return storeDamaged(error)
  if (FAILING.test(text)) {
    return new OperatorError('disk-failing', 'The disk of the data folder cannot be written', {
      hint: 'Look into the log of the operating system, mend the disk, and start the node again.',
      exitCode: EXIT.dataUnreadable,
      cause: error,
    })
  }
  return error
}

/** The way back from a damaged database. */
export const REPAIR_HINT =
  'A power cut or a failing disk can do that. Check the disk, then run "confrere repair" with the same --data: it puts ' +
  'the database aside, keeps the votes in it, and the node fetches the rounds again from any other hospital. Never ' +
  'delete privacy/ledger.'

/** The operator's error of a database that does not hold what was written to it. */
export function storeDamaged(error: unknown): OperatorError {
  return new OperatorError('store-damaged', `The database of the data folder is damaged: ${firstLine(error)}`, {
    hint: REPAIR_HINT,
    exitCode: EXIT.config,
    cause: error,
  })
}

function firstLine(error: unknown): string {
  const { message, cause } = error as Error
  return String((cause as Error | undefined)?.message ?? message).split('\n')[0] as string
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code, message, cause } = error as Error & { code?: unknown }
  return `${String(code)} ${message} ${wordsOf(cause)}`
}

/** Does it, and throws what the disk refused as the operator's error. */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskError(error)
  }
}
