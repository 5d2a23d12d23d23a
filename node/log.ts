/**
 * Logs: one JSON object a line, on stderr, and nothing secret in it.
 *
 * Three rules that need nobody's care: bytes are shown as their length only; a field whose name sounds secret, or like a
 * patient's, is removed at any depth; and an error of the file system is told without its path, because the names of
 * records' files often hold a patient's.
 *
 * @module
 */

import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { CodedError } from '../crypto/errors.ts'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const SECRET = /secret|seed|private|passw|passphrase|token|credential|self.?key|pair.?key|mask|^(keys?|root|shared)$/i
/** Names of fields that would hold who a patient is, as DICOM and tables call them. */
const PERSONAL =
  /^patients?.?(id|name|key|hash)?s?$|accession|birth|instance.?uid|^mrn$|^(record|source).?(file|path|name)s?$/i
const REMOVED = '[removed]'
const PATH_REMOVED = '[path]'
const DEPTH_MAX = 6

export interface LoggerOptions {
  readonly level: LogLevel
  /** by default stderr */
  readonly stream?: DestinationStream
  /** told of each logger that is derived by `child()`, at any depth: such a one keeps a level of its own */
  readonly onChild?: (child: Logger) => void
}

/** A logger that writes to stderr, or to a given stream. */
export function createLogger({ level, stream, onChild = () => {} }: LoggerOptions): Logger {
  return pino(
    {
      level,
      onChild,
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
    message: withoutPath(message, error),
    ...(cause === undefined
      ? {}
      : { cause: cause instanceof Error ? `${cause.name}: ${withoutPath(cause.message, cause)}` : String(cause) }),
    ...(error instanceof CodedError || stack === undefined ? {} : { stack: withoutPath(stack, error) }),
  }
}

/** The text of an error of the file system without the paths that it names. */
function withoutPath(text: string, error: Error): string {
  const { path, dest } = error as { path?: unknown; dest?: unknown }
  const paths = [path, dest].filter((one): one is string => typeof one === 'string' && one !== '')
  return paths.reduce((rest, one) => rest.replaceAll(`'${one}'`, PATH_REMOVED).replaceAll(one, PATH_REMOVED), text)
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
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET.test(key) || PERSONAL.test(key) ? REMOVED : redact(item, depth + 1),
    ]),
  )
}
