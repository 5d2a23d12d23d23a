/**
 * `npm run chaos`: fault injection on hospitals that run as real processes. The study's promises must hold
 * nevertheless.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import { EXIT } from '../../node/errors.ts'
import { writeFileAtomic } from '../../node/storage/atomic-file.ts'
import { killAll } from '../processes/child.ts'
import { type ChaosOptions, parseOptions } from './options.ts'
import { reasonLines, tableLines } from './report.ts'
import { inside, lacking, runInside, whenOuterEnds } from './sandbox.ts'
import { SCENARIOS } from './scenarios/list.ts'
import { type Outcome, runTrial, type Scenario } from './trial.ts'

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
/** Exit code of a process that a signal ended: this plus the signal's number, as in shells. */
const SIGNAL_EXIT_BASE = 128

const print = (...lines: string[]): void => void process.stdout.write(lines.map(line => `${line}\n`).join(''))

/** A signal stopped the run; nothing failed. */
class Stopped extends Error {
  readonly exitCode: number

  constructor(name: keyof typeof SIGNALS) {
    super(name)
    this.exitCode = SIGNAL_EXIT_BASE + SIGNALS[name]
  }
}

function stopOnSignals(): AbortSignal {
  const stopping = new AbortController()
  const stop = (name: keyof typeof SIGNALS): void => stopping.abort(new Stopped(name))
  for (const name of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(name, () => stop(name))
  whenOuterEnds(() => stop('SIGTERM'))
  // no node outlives this process
  process.on('exit', killAll)
  return stopping.signal
}

async function attempt(scenario: Scenario, options: ChaosOptions, signal: AbortSignal): Promise<Outcome> {
  const { seed, rounds = scenario.rounds } = options
  const reason = scenario.needs && (await lacking(scenario.needs))
  if (reason !== undefined) {
    const nothing = { certified: 0, longestMs: null, voids: 0, restarts: 0, hashesEqual: null, notes: [], seconds: 0 }
    print(`${scenario.name}: skipped: ${reason}`)
    return { scenario: scenario.name, seed, rounds, outcome: 'skipped', reasons: [reason], ...nothing }
  }
  print(`${scenario.name}: ${scenario.about}; seed ${seed}, ${rounds} rounds`)
  const folder = await mkdtemp(join(tmpdir(), `confrere-chaos-${scenario.name}-`))
  let kept = false
  try {
    const outcome = await runTrial(scenario, { folder, rounds, seed, signal, note: text => print(`  ${text}`) })
    kept = options.keep || outcome.outcome === 'failed'
    print(`  ${outcome.outcome} after ${outcome.seconds.toFixed(0)} s`)
    return outcome
  } finally {
    if (kept) print(`  folders and logs are kept in ${folder}`)
    else await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function run(options: ChaosOptions, signal: AbortSignal): Promise<number> {
  const outcomes: Outcome[] = []
  for (const scenario of SCENARIOS) {
    if (options.scenario !== undefined && options.scenario !== scenario.name) continue
    outcomes.push(await attempt(scenario, options, signal))
    print('')
  }
  print(...tableLines(outcomes))
  const reasons = reasonLines(outcomes)
  if (reasons.length > 0) print('', ...reasons)
  if (options.json !== undefined) await writeFileAtomic(options.json, `${JSON.stringify(outcomes, null, 2)}\n`)
  return outcomes.some(({ outcome }) => outcome === 'failed') ? EXIT.verificationFailed : EXIT.ok
}

function report(error: unknown): number {
  const tell = (text: string): void => void process.stderr.write(`${text}\n`)
  if (error instanceof Stopped) {
    tell('Stopped.')
    return error.exitCode
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok
    tell(`chaos: ${error.message.replace(/^error: /, '')}\n  hint: See "npm run chaos -- --help".`)
    return EXIT.usage
  }
  tell(`chaos: this is a bug: ${error instanceof Error ? error.stack : String(error)}`)
  return EXIT.bug
}

try {
  const options = parseOptions(process.argv.slice(2), text => void process.stdout.write(text))
  const signal = stopOnSignals()
  const enter = !inside() && (await lacking('mount')) === undefined
  process.exitCode = enter ? await runInside(signal) : await run(options, signal)
} catch (error) {
  process.exitCode = report(error)
}
process.exit()
