/** The log of a running node: where its lines go, in which form, and which of them. @module */

import { join } from 'node:path'
import { destination } from 'pino'
import type { NodeConfig } from '../config/config.ts'
import { createLogger, type Logger, type LogLevel } from '../log.ts'
import { LogFile } from './log-file.ts'
import { textLine } from './text-lines.ts'

/** The log file, below the data folder. */
export const LOG_FILE = join('logs', 'confrere.log')

/** Derived loggers after which the list of them is cleared of those that are gone. */
const CHILDREN_CLEARED_AT = 256

export interface NodeLog {
  readonly log: Logger
  readonly level: LogLevel
  /** the log file's path, or null when none is written */
  readonly file: string | null
  /** Changes what is logged from now on, by loggers that were derived before as well. */
  setLevel(level: LogLevel): void
  /** Changes to `debug`, or back to the config's level. */
  toggleDebug(): void
  close(): void
}

/** Where a log is shown: stderr, or for tests something else. */
export interface LogOutput {
  /** whether a person watches */
  readonly terminal: boolean
  readonly colours: boolean
  write(text: string): void
}

/** The process's stderr. Colours follow NO_COLOR and FORCE_COLOR as Node.js does. */
export function standardError(): LogOutput {
  const stream = destination({ fd: 2, sync: true })
  const terminal = process.stderr.isTTY === true
  return { terminal, colours: terminal && process.stderr.hasColors(), write: text => void stream.write(text) }
}

/** Opens the log of the node in a data folder, as `[log]` of its config says. */
export function openNodeLog(folder: string, settings: NodeConfig['log'], output: LogOutput): NodeLog {
  const asText = settings.format === 'text' || (settings.format === 'auto' && output.terminal)
  const toFile = settings.file === 'always' || (settings.file === 'auto' && !output.terminal)
  const show = (line: string): void => output.write(asText ? textLine(line, output) : line)
  let log: Logger | undefined
  let telling = false
  const file = toFile
    ? new LogFile({
        file: join(folder, LOG_FILE),
        bytesMax: settings.fileBytesMax,
        filesMax: settings.filesMax,
        trouble: text => {
          telling = true
          log?.warn(text)
          telling = false
        },
      })
    : null
  const children = new Derived()
  const root = createLogger({
    level: settings.level,
    stream: {
      write: line => {
        show(line)
        // the file's own trouble is told elsewhere only
        if (!telling) file?.write(line)
      },
    },
    onChild: child => children.add(child),
  })
  log = root
  const setLevel = (level: LogLevel): void => {
    for (const one of [root, ...children.all()]) one.level = level
  }
  return {
    log: root,
    get level() {
      return root.level as LogLevel
    },
    file: toFile ? join(folder, LOG_FILE) : null,
    setLevel,
    toggleDebug: () => setLevel(root.level === 'debug' ? settings.level : 'debug'),
    close: () => file?.close(),
  }
}

/** Loggers that were derived, as long as somebody uses them. */
class Derived {
  #references: WeakRef<Logger>[] = []
  #clearAt = CHILDREN_CLEARED_AT

  add(logger: Logger): void {
    this.#references.push(new WeakRef(logger))
    if (this.#references.length < this.#clearAt) return
    this.#references = this.#references.filter(reference => reference.deref() !== undefined)
    this.#clearAt = Math.max(CHILDREN_CLEARED_AT, 2 * this.#references.length)
  }

  all(): Logger[] {
    return this.#references.map(reference => reference.deref()).filter(logger => logger !== undefined)
  }
}
