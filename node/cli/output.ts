/** The commands' output: sentences or JSON on stdout, errors on stderr. @module */

import { EXIT, type ExitCode, OperatorError } from '../errors.ts'

/** Prints lines for people. */
export function printLines(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Prints one JSON document for programs. JSON has no infinity: it becomes null. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/**
 * Prints an error on stderr and returns the exit code: an operator's error with its sentence and its hint; anything
 * else as a bug of this program, with its stack only when DEBUG is set.
 */
export function reportError(error: unknown, { debug }: { debug: boolean }): ExitCode {
  if (error instanceof OperatorError) {
    process.stderr.write(`confrere: ${error.message}\n  hint: ${error.hint}\n`)
    return error.exitCode
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  process.stderr.write(
    `confrere: this is a bug: ${message}\n  hint: Report it with what you did; DEBUG=1 shows where it happened.\n`,
  )
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  return EXIT.bug
}
