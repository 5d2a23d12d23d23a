/** Errors that an operator can mend, and the exit codes of the command line. @module */

import { CodedError } from '../crypto/errors.ts'

/** Process exit codes, one for each thing that an operator would do differently. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  config: 3,
  identity: 4,
  cannotListen: 5,
  notInRoster: 6,
  budgetExhausted: 7,
  verificationFailed: 8,
  nodeUnreachable: 9,
  timedOut: 10,
  incompatibleStudy: 11,
  dataUnreadable: 12,
  trainingDevice: 13,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Exit codes of a node that no restart mends: a person must change something first. */
export const EXIT_FINAL: readonly ExitCode[] = [
  EXIT.usage,
  EXIT.config,
  EXIT.identity,
  EXIT.notInRoster,
  EXIT.budgetExhausted,
  EXIT.verificationFailed,
  EXIT.incompatibleStudy,
]

/** An operator's fault: ends as message and hint, without a stack, and as the process's exit code. */
export class OperatorError extends CodedError {
  readonly hint: string
  readonly exitCode: ExitCode

  constructor(
    code: string,
    message: string,
    { hint, exitCode, cause }: { hint: string; exitCode: ExitCode; cause?: unknown },
  ) {
    super(code, message, cause)
    this.hint = hint
    this.exitCode = exitCode
  }
}
