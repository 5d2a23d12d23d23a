/**
 * The three kinds of error and their fates: a programmer's is an assertion and crashes, a peer's becomes a verdict,
 * an operator's becomes a sentence, a hint and an exit code.
 *
 * @module
 */

/** An error with a stable kebab-case code. The cause, where there is one, is always kept. */
export class CodedError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
  }
}

/** A primitive was given something of the wrong shape, or something failed to verify. */
export class CryptoError extends CodedError {}

export type PeerAction = 'ignore' | 'reject' | 'disconnect'

/** A peer's fault: it ends as a gossip verdict, a peer score, evidence or a counter, never as a crash. */
export class ProtocolError extends CodedError {
  readonly peer: string | undefined
  readonly action: PeerAction

  constructor(
    code: string,
    message: string,
    { peer, action = 'reject', cause }: { peer?: string; action?: PeerAction; cause?: unknown } = {},
  ) {
    super(code, message, cause)
    this.peer = peer
    this.action = action
  }
}

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
