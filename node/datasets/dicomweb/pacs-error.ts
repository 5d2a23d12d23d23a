/**
 * What is wrong with a PACS, in words of this program alone: an answer, an address or an error of the system may hold a
 * name, an identifier or a password, so none is quoted or kept as a cause.
 *
 * @module
 */
import { EXIT, type ExitCode, OperatorError } from '../../errors.ts'

export type PacsFault =
  /** the address, the credentials or the query that the operator gave */
  | 'pacs-settings'
  /** no connection, or it was lost, or it took too long */
  | 'pacs-gone'
  /** 5xx and 429 */
  | 'pacs-failing'
  | 'pacs-certificate'
  /** 401 */
  | 'pacs-unauthorised'
  /** 403 */
  | 'pacs-forbidden'
  /** 404 and 410 */
  | 'pacs-missing'
  | 'pacs-redirect'
  /** not what DICOMweb answers */
  | 'pacs-answer'

export class PacsError extends OperatorError {
  readonly fault: PacsFault

  constructor(fault: PacsFault, message: string, hint: string, exitCode: ExitCode = EXIT.dataUnreadable) {
    super(fault, message, { hint, exitCode })
    this.fault = fault
  }
}

export function badSettings(message: string, hint: string): PacsError {
  return new PacsError('pacs-settings', message, hint, EXIT.usage)
}

export function badAnswer(what: string, hint = 'Name the address of its DICOMweb service itself.'): PacsError {
  return new PacsError('pacs-answer', `The PACS ${what}`, hint)
}
