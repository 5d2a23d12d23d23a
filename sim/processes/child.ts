/** The product as its users run it: a command that ends, or a node that goes on. @module */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

// a checkout holds the sources, a build compiled files
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../node/cli/main.ts' : '../../node/cli/main.js', import.meta.url),
)
const OUTPUT_BYTES_MAX = 1 << 20
const LOG_LINES_SHOWN = 12

/** A process of the product ended as it should not have; what it said is shown and its exit code kept. */
export class ChildError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.name = new.target.name
    this.exitCode = exitCode
  }
}

/** Everything of ours that runs, so that none survives this process, however it ends. */
const running = new Set<ChildProcess>()
const STOP_MS = 3000

/** Kills all of it at once; the last resort, and harmless when there is nothing. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** Asks all of it to stop and kills what does not. */
export async function stopAll(): Promise<void> {
  const ended = [...running].map(child => once(child, 'exit'))
  for (const child of running) {
    child.kill('SIGTERM')
    // one that is stopped would not even hear it
    child.kill('SIGCONT')
  }
  const timer = setTimeout(killAll, STOP_MS)
  await Promise.allSettled(ended)
  clearTimeout(timer)
}

/** Runs one command to its end and returns what it printed. @throws ChildError when it refuses */
export function runCommand(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = [ENTRY, ...args]
    const child = execFile(process.execPath, command, { maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      running.delete(child)
      if (error === null) return resolve(stdout)
      const code = typeof error.code === 'number' ? error.code : 1
      reject(new ChildError(stderr.trim() || error.message, code))
    })
    running.add(child)
  })
}

/** How a process ended: one of the two is null. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface NodeProcess {
  readonly ended: Promise<Ending>
  signal(name: NodeJS.Signals): void
}

export interface NodeStart {
  /** its data folder */
  readonly folder: string
  readonly log: string
  /** a command that runs another one somewhere else, such as in another network namespace, as the same process */
  readonly enter?: readonly string[]
  /** on top of our own */
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts a node whose logs are appended to a file. */
export function startNode({ folder, log, enter, environment }: NodeStart): NodeProcess {
  return startChild([ENTRY, 'start', '--data', folder], {
    log,
    ...(enter && { enter }),
    environment: environment ?? {},
  })
}

/** Starts a script with this program's own Node; it ends with this program at the latest. */
export function startChild(
  script: readonly string[],
  { log, enter = [], environment = {} }: Omit<NodeStart, 'folder'>,
): NodeProcess {
  const file = openSync(log, 'a')
  try {
    const [command, ...args] = [...enter, process.execPath, ...script] as [string, ...string[]]
    // in this process group: what kills the group leaves no node behind
    const child = spawn(command, args, { stdio: ['ignore', file, file], env: { ...process.env, ...environment } })
    running.add(child)
    const ended = new Promise<Ending>(resolve => {
      const end = (ending: Ending): void => {
        running.delete(child)
        resolve(ending)
      }
      child.once('error', () => end({ code: 1, signal: null }))
      child.once('exit', (code, signal) => end({ code, signal }))
    })
    return { ended, signal: name => void child.kill(name) }
  } finally {
    closeSync(file)
  }
}

/** The error of a node that ended by itself, with the last lines of its log. */
export async function endedEarly(site: string, { code, signal }: Ending, log: string): Promise<ChildError> {
  const text = (await readFile(log, 'utf8').catch(() => '')).trim()
  const lines = text === '' ? [] : text.split('\n').slice(-LOG_LINES_SHOWN)
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  const words = lines.length === 0 ? 'Its log is empty.' : 'Its last words:'
  return new ChildError(
    [`The node of ${site} ended ${how}. ${words}`, ...lines.map(line => `  ${line}`)].join('\n'),
    code || 1,
  )
}
