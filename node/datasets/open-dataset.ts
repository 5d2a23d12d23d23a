/** Records from a file, by its type. @module */

import { extname } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { Dataset } from './dataset.ts'
import type { RecordFormat, RecordsFound, RecordsWanted } from './format.ts'
import { RECORD_FORMATS } from './list.ts'
import { SINGLE_ARRAY_HINT } from './numpy/npy.ts'

/**
 * Opens a data set in the format that the end of its name says.
 *
 * @throws OperatorError `data-unreadable`, exit code 12: for a file type that is in no list, and as the format's `read`
 */
export async function openDataset(file: string, wanted: RecordsWanted): Promise<Dataset> {
  return formatOf(file).read(file, wanted)
}

/**
 * Checks a split of a file before there is a study.
 *
 * @throws OperatorError `data-unreadable`, exit code 12
 */
export async function inspectDataset(file: string, split: string): Promise<RecordsFound> {
  return formatOf(file).inspect(file, split)
}

/** Whether a file is of one of the formats that hold whole data sets. */
export function isRecordFormat(file: string): boolean {
  return named(file) !== undefined
}

function named(file: string): RecordFormat | undefined {
  const extension = extname(file).toLowerCase()
  return RECORD_FORMATS.find(({ extensions }) => extensions.includes(extension))
}

/** The format of a file, by the end of its name. */
function formatOf(file: string): RecordFormat {
  const found = named(file)
  if (found !== undefined) return found
  if (extname(file).toLowerCase() === '.npy') {
    throw new OperatorError('data-unreadable', 'The records cannot be read: the file is a single NumPy array', {
      hint: SINGLE_ARRAY_HINT,
      exitCode: EXIT.dataUnreadable,
    })
  }
  const known = RECORD_FORMATS.flatMap(({ extensions }) => extensions).join(', ')
  throw new OperatorError(
    'data-unreadable',
    'The records cannot be read: they are in no file type that records come in',
    {
      hint: `Name a file that ends in ${known}.`,
      exitCode: EXIT.dataUnreadable,
    },
  )
}
