/**
 * Base of the three kinds of error. A programmer's error is an assertion and crashes; a peer's error becomes a verdict;
 * an operator's error becomes a sentence, a hint and an exit code.
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

/** An argument of a primitive has the wrong shape, or a verification failed. */
export class CryptoError extends CodedError {}
