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
