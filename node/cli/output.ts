/** The commands' output: sentences or JSON on stdout, errors on stderr as sentences or JSON. @module */

import { EXIT, type ExitCode, OperatorError } from '../errors.ts'

/** Of every JSON document that a command prints. It grows when a field goes or changes its meaning. */
export const SCHEMA_VERSION = 1

/** Prints lines for people. */
export function printLines(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Prints one JSON object for programs, with the version of its form. JSON has no infinity: it becomes null. */
export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value }, null, 2)}\n`)
}

/** Prints one JSON object on one line, for output that goes on. */
export function printJsonLine(value: object): void {
  process.stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value })}\n`)
}

/** An error as an operator is told it. */
interface ToldError {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly exitCode: ExitCode
}

/** An operator's error as it is; anything else is a bug of this program. */
function toldError(error: unknown): ToldError {
  if (error instanceof OperatorError) {
    const { code, message, hint, exitCode } = error
    return { code, message, hint, exitCode }
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return {
    code: 'bug',
    message: `this is a bug: ${message}`,
    hint: 'Report it with what you did; DEBUG=1 shows where it happened.',
    exitCode: EXIT.bug,
  }
}

/**
 * Prints an error on stderr and returns the exit code: as a sentence and a hint, or with `json` as one object
 * `{ schemaVersion, error: { code, message, hint, exitCode } }` on one line. Only a bug has a stack, and that only with
 * `debug`.
 */
export function reportError(error: unknown, { debug, json }: { debug: boolean; json: boolean }): ExitCode {
  const told = toldError(error)
  const text = json
    ? JSON.stringify({ schemaVersion: SCHEMA_VERSION, error: told })
    : `confrere: ${told.message}\n  hint: ${told.hint}`
  process.stderr.write(`${text}\n`)
  if (debug && error instanceof Error && !(error instanceof OperatorError))
    process.stderr.write(`${error.stack ?? ''}\n`)
  return told.exitCode
}
