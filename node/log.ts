/**
 * Logs: one JSON object a line, on stderr, and nothing secret in it.
 *
 * Two rules that need nobody's care: bytes are shown as their length only, and a field whose name sounds secret is
 * removed at any depth.
 *
 * @module
 */

import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { CodedError } from '../crypto/errors.ts'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const SECRET = /secret|seed|private|passw|passphrase|token|credential|self.?key|pair.?key|mask|^(keys?|root|shared)$/i
const REMOVED = '[removed]'
const DEPTH_MAX = 6

/** A logger that writes to stderr, or for tests to a given stream. */
export function createLogger({ level, stream }: { level: LogLevel; stream?: DestinationStream }): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: label => ({ level: label }), log: fields => redact(fields, 0) as Record<string, unknown> },
      // pino formats the fields of `child()` apart from the others: these cover them
      redact: { paths: ['key', 'seed', 'secret', 'root', '*.key', '*.seed', '*.secret', '*.root'], censor: REMOVED },
      serializers: { err: describeError, error: describeError },
    },
    stream ?? destination({ fd: 2, sync: true }),
  )
}

/** An error as fields. Only a bug has a stack: a peer's or an operator's fault is fully told by its code. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return redact(error, 0)
  const { name, message, cause, stack } = error
  const code = (error as { code?: unknown }).code
  return {
    type: name,
    ...(code === undefined ? {} : { code }),
    message,
    ...(cause === undefined
      ? {}
      : { cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause) }),
    ...(error instanceof CodedError ? {} : { stack }),
  }
}

/** The same value without anything secret. */
function redact(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Error) return describeError(value)
  if (depth === DEPTH_MAX) return '[too deep]'
  if (Array.isArray(value)) return value.map(item => redact(item, depth + 1))
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`
  if (value instanceof Date) return value.toISOString()
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET.test(key) ? REMOVED : redact(item, depth + 1)]),
  )
}
