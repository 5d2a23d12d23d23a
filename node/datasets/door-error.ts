/**
 * What leaves the reading of records when it fails unexpectedly. Messages of systems and libraries quote paths, names of
 * files and cells; what leaves keeps the kind of the error and where in the program it happened, which is what a report of
 * a bug needs.
 *
 * @module
 */

import { CodedError } from '../../crypto/errors.ts'

/** The same error without what it quotes; our own errors, which quote nothing of a record, as they are. */
export function withoutContent(error: unknown): unknown {
  if (error instanceof CodedError) return error
  const { name, code, syscall, stack } = error instanceof Error ? (error as NodeJS.ErrnoException) : ({} as never)
  const what = [name ?? 'error', code, syscall].filter(part => part !== undefined).join(' ')
  const bare = new Error(`reading records failed: ${what}`)
  const frames = (stack ?? '').split('\n').filter(line => /^\s+at .*:\d+:\d+\)?$/.test(line))
  bare.stack = [`Error: ${bare.message}`, ...frames].join('\n')
  return code === undefined ? bare : Object.assign(bare, { code })
}
