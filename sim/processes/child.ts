/** Runs the product as its users do: a command to its end, or a node. @module */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

// a checkout has the sources, a build the compiled files
let entry = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../node/cli/main.ts' : '../../node/cli/main.js', import.meta.url),
)
/** Runs another copy of the program from now on, such as an installed one. */
export function useProgram(file: string): void {
  entry = file
}

const OUTPUT_BYTES_MAX = 1 << 20
const LOG_LINES_SHOWN = 12

/** A process of the product ended unexpectedly; the error has its output and its exit code. */
export class ChildError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.name = new.target.name
    this.exitCode = exitCode
  }
}

/** All running processes of ours, so that none outlives this process, however it ends. */
const running = new Set<ChildProcess>()
/** Time to stop after SIGTERM, before SIGKILL. */
const STOP_MS = 3000

/** Kills all of our processes at once; does nothing when there are none. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** Asks all of our processes to stop, and kills those that do not. */
export async function stopAll(): Promise<void> {
  const ended = [...running].map(child => once(child, 'exit'))
  for (const child of running) {
    child.kill('SIGTERM')
    // a suspended process handles SIGTERM only after SIGCONT
    child.kill('SIGCONT')
  }
  const timer = setTimeout(killAll, STOP_MS)
  await Promise.allSettled(ended)
  clearTimeout(timer)
}

/**
 * Runs one command to its end and returns its stdout.
 *
 * @param enter as that of `NodeStart`
 * @throws ChildError when it fails
 */
export function runCommand(args: readonly string[], { enter = [] }: Pick<NodeStart, 'enter'> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const [program, ...command] = [...enter, process.execPath, entry, ...args] as [string, ...string[]]
    const child = execFile(program, command, { maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      running.delete(child)
      if (error === null) return resolve(stdout)
      const code = typeof error.code === 'number' ? error.code : 1
      reject(new ChildError(stderr.trim() || error.message, code))
    })
    running.add(child)
  })
}

/** How a process ended; one of the two is null. */
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
  /** a command prefix that executes a command elsewhere, such as in another network namespace, as the same process */
  readonly enter?: readonly string[]
  /** added to our own variables */
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts a node whose logs are appended to a file. */
export function startNode({ folder, log, enter, environment }: NodeStart): NodeProcess {
  return startChild([entry, 'start', '--data', folder], {
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
  return startProgram([...enter, process.execPath, ...script], { log, environment })
}

/** Starts any program, which ends with this one at the latest. */
export function startProgram(
  command: readonly string[],
  { log, environment = {} }: Pick<NodeStart, 'log' | 'environment'>,
): NodeProcess {
  const file = openSync(log, 'a')
  try {
    const [program, ...args] = command as [string, ...string[]]
    // in this process group, so that a signal to the group reaches the node
    const child = spawn(program, args, { stdio: ['ignore', file, file], env: { ...process.env, ...environment } })
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
