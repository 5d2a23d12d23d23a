/** Errors of the HTTP interface as RFC 9457 problems. @module */

import { STATUS_CODES } from 'node:http'
import { CodedError } from '../../crypto/errors.ts'
import { OperatorError } from '../errors.ts'
import type { Problem } from './api/fields.ts'

export const PROBLEM_TYPE = 'application/problem+json'

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 500 | 503

/** What a caller is told in place of an answer. */
export class HttpProblem extends CodedError {
  readonly status: ProblemStatus
  readonly hint: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: ProblemStatus,
    code: string,
    message: string,
    { hint = null, headers = {} }: { hint?: string | null; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, message)
    this.status = status
    this.hint = hint
    this.headers = headers
  }
}

/** The problem of an error: an operator's error as it is, any other as a bug of which nothing is told. */
export function problemFor(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  if (error instanceof OperatorError) {
    return new HttpProblem(error.code.startsWith('unknown-') ? 404 : 409, error.code, error.message, {
      hint: error.hint,
    })
  }
  return new HttpProblem(500, 'bug', 'The node could not answer', { hint: "The node's log says why." })
}

/** The answer's body. */
export function problemBody({ status, code, message, hint }: HttpProblem): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail: message, hint }
}
