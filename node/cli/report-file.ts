/** Files of reports: written once, readable by their owner alone, as they are made from private records. @module */

import { access, constants, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileAtomic, writeFileNew } from '../storage/atomic-file.ts'

const REPORT_MODE = 0o600

/**
 * Makes sure, before the work, that a report can be written.
 *
 * @param force whether a report that is there may be overwritten
 * @returns the folder that it will be in, without links
 * @throws OperatorError `report-not-written`, exit code 2
 */
export async function requireWritableReport(file: string, force: boolean): Promise<string> {
  const folder = await realpath(dirname(resolve(file))).catch((cause: Error) => {
    throw notWritten(file, cause.message, 'Choose a folder that is there.', cause)
  })
  await access(folder, constants.W_OK).catch((cause: Error) => {
    throw notWritten(file, cause.message, 'Choose a folder that this user may write to.', cause)
  })
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (isThere && !force) throw notWritten(file, 'it is there already', 'Choose another name, or say --force.')
  return folder
}

/** Writes it. @throws OperatorError `report-not-written`, exit code 2 */
export async function writeReportFile(file: string, text: string, force: boolean): Promise<void> {
  const write = force ? writeFileAtomic : writeFileNew
  await write(file, text, REPORT_MODE).catch((cause: Error) => {
    throw notWritten(file, cause.message, 'Choose another place for it.', cause)
  })
}

function notWritten(file: string, reason: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError('report-not-written', `The report ${file} cannot be written: ${reason}`, {
    hint,
    exitCode: EXIT.usage,
    cause,
  })
}
