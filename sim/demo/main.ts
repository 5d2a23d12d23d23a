/**
 * `npm run demo`: hospitals as real processes on this machine discover each other and train one study to its end.
 *
 * @module
 */

import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { CommanderError } from 'commander'
import { EXIT, OperatorError } from '../../node/errors.ts'
import { writeFileAtomic } from '../../node/storage/atomic-file.ts'
import { ChildError, killAll, stopAll } from '../processes/child.ts'
import { runScenario } from './demonstration.ts'
import { type DemoOptions, parseOptions } from './options.ts'
import { reportJson, requireShown, summaryLines, tableLines } from './report.ts'
import { createScreen } from './screen.ts'

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
/** Exit code of a process that a signal ended: this plus the signal's number, as in shells. */
const SIGNAL_EXIT_BASE = 128
/** A runner such as npm may forward a Ctrl-C that the terminal has sent us too; within this time both are one. */
const ONE_PRESS_MS = 500

const screen = createScreen(process.stdout, process.env)

/** A signal stopped the demonstration; nothing failed. */
class Stopped extends Error {
  readonly exitCode: number

  constructor(name: keyof typeof SIGNALS) {
    super(name)
    this.exitCode = SIGNAL_EXIT_BASE + SIGNALS[name]
  }
}

/** The first signal stops the demonstration in order; a later one exits at once. */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController()
  let first = 0
  for (const name of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(name, () => {
      if (!stopping.signal.aborted) {
        first = performance.now()
        stopping.abort(new Stopped(name))
      } else if (performance.now() - first > ONE_PRESS_MS) process.exit(SIGNAL_EXIT_BASE + SIGNALS[name])
    })
  }
  // no node outlives this process
  process.on('exit', () => {
    screen.release()
    killAll()
  })
  return stopping.signal
}

/** Checks the folder of an output file before the study, so that a misspelt path fails early. */
async function requireWritable(file: string | undefined): Promise<void> {
  if (file === undefined) return
  await access(dirname(resolve(file))).catch(cause => {
    throw new OperatorError('no-folder', `${file} cannot be written: its folder is not there`, {
      hint: 'Choose another --json.',
      exitCode: EXIT.usage,
      cause,
    })
  })
}

async function demonstrate(options: DemoOptions, signal: AbortSignal): Promise<void> {
  await requireWritable(options.json)
  const folder = options.keep === undefined ? await mkdtemp(join(tmpdir(), 'confrere-demo-')) : await kept(options.keep)
  try {
    const outcome = await Promise.race([runScenario({ options, folder, screen, signal }), abortOf(signal)])
    screen.print('', ...tableLines(outcome), '', ...summaryLines(outcome))
    if (options.json !== undefined) {
      await writeFileAtomic(options.json, `${JSON.stringify(reportJson(outcome), null, 2)}\n`)
    }
    requireShown(outcome)
  } finally {
    await clear(folder, options.keep !== undefined)
  }
}

/** Never resolves; rejects with the reason to stop. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

/** The folder that is to be left behind, which must not hold anything. */
async function kept(folder: string): Promise<string> {
  const path = resolve(folder)
  const refused = (why: string, cause?: unknown): OperatorError =>
    new OperatorError('no-folder', `${folder} cannot be kept in: ${why}`, {
      hint: 'Name a new folder with --keep.',
      exitCode: EXIT.usage,
      cause,
    })
  await mkdir(path, { recursive: true }).catch((cause: Error) => {
    throw refused(cause.message, cause)
  })
  if ((await readdir(path)).length > 0) throw refused('it is not empty')
  return path
}

async function clear(folder: string, keep: boolean): Promise<void> {
  screen.release()
  await stopAll()
  if (keep) {
    const entries = await readdir(folder, { withFileTypes: true })
    const nodes = entries.filter(entry => entry.isDirectory()).map(({ name }) => join(folder, name))
    screen.print('', `Kept in ${folder}: ${entries.map(({ name }) => name).join(', ')}`)
    const [first] = nodes.sort()
    if (first !== undefined) {
      screen.print(
        'Each is the data folder of a stopped node. Try what comes out of a study, such as:',
        `  npm run confrere -- dossier ${join(folder, 'dossier')} --data ${first}`,
        `  npm run confrere -- export ${join(folder, 'export')} --format onnx --without-audit --data ${first}`,
      )
    }
  } else await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

function report(error: unknown): number {
  const tell = (text: string): boolean => process.stderr.write(`${text}\n`)
  if (error instanceof Stopped) {
    tell('Stopped.')
    return error.exitCode
  }
  if (error instanceof ChildError) {
    tell(error.message)
    return error.exitCode
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok
    tell(`demo: ${error.message.replace(/^error: /, '')}\n  hint: See "npm run demo -- --help".`)
    return EXIT.usage
  }
  if (error instanceof OperatorError) {
    tell(`demo: ${error.message}\n  hint: ${error.hint}`)
    return error.exitCode
  }
  tell(`demo: this is a bug: ${error instanceof Error ? error.stack : String(error)}`)
  return EXIT.bug
}

try {
  const options = parseOptions(process.argv.slice(2), text => void process.stdout.write(text))
  await demonstrate(options, stopOnSignals())
} catch (error) {
  process.exitCode = report(error)
}
// a tensor engine's threads may keep the process alive
process.exit()
