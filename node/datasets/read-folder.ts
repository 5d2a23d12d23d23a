/** The records of a folder: each file goes to the reader of its kind, and each ends in a finding. @module */

import { withoutContent } from './door-error.ts'
import { openFiles } from './folder.ts'
import { isArray, SINGLE_ARRAY_HINT } from './numpy/npy.ts'
import { type Finding, HEAD_BYTES, type OpenedFile, type Reading, type RecordReader } from './reader.ts'
import { openReaders } from './readers.ts'

export interface FolderReading {
  /** files that must be there, relative to the folder: those of a list */
  readonly listed?: readonly string[] | null
  /** files that are no data, relative to the folder: the list itself */
  readonly except?: readonly string[]
}

/**
 * Reads what a path holds, a file at a time. Memory holds one file and does not grow with their number, except for the names
 * of a list.
 *
 * Files of the same pixels have the same `sha256`; what is done with them is the caller's decision.
 *
 * @param path a folder, or one file
 * @throws OperatorError `data-unreadable`, exit code 12, when the path itself cannot be read; errors of the disk
 */
export async function* readRecords(
  path: string,
  reading: Reading,
  { listed = null, except = [] }: FolderReading = {},
): AsyncGenerator<Finding> {
  const missing = new Map((listed ?? []).map(name => [name.normalize(), name]))
  const passed = new Set(except.map(name => name.normalize()))
  const { readers, close } = openReaders()
  try {
    for await (const found of openFiles(path)) {
      const key = ('file' in found ? found.file.name : found.name).normalize()
      missing.delete(key)
      if (passed.has(key)) continue
      if ('reason' in found) yield { file: found.name, ok: false, reason: found.reason }
      else for await (const finding of readOne(found.file, reading, readers)) yield { ...finding, file: found.name }
    }
  } catch (error) {
    throw withoutContent(error)
  } finally {
    await close()
  }
  for (const file of missing.values()) {
    yield {
      file,
      ok: false,
      reason: 'the list names it, and it is not there: correct the list, or copy the file there',
    }
  }
}

async function* readOne(file: OpenedFile, reading: Reading, readers: readonly RecordReader[]): AsyncGenerator<Finding> {
  const refused = (reason: string): Finding => ({ file: file.name, ok: false, reason })
  if (file.bytes === 0) {
    yield refused('it is empty: copy it again, or remove it')
    return
  }
  const head = await file.part(0, HEAD_BYTES)
  const reader = readers.find(({ takes }) => takes(file.name, head))
  const { contract } = reading
  if (isArray(head)) yield refused(`it is a single NumPy array without labels. ${SINGLE_ARRAY_HINT}`)
  else if (reader === undefined) {
    const kinds = [...readers.map(({ name }) => name), 'NumPy archives by themselves'].join('; ')
    yield refused(`it is of no kind that is read (${kinds}): remove it, or convert it`)
  } else if (contract !== null && !reader.contracts.includes(contract.kind)) {
    yield refused(`it is one of the ${reader.name}, and the study's records are of the kind "${contract.kind}"`)
  } else yield* reader.read(file, reading)
}
