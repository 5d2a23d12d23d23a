/** `confrere start`: runs the node until it ends or a signal stops it. @module */

import type { Command } from 'commander'
import { readConfig } from '../config/config.ts'
import type { RunningNode } from '../daemon/daemon.ts'
import { createServiceNotifier, type ServiceNotifier } from '../daemon/service-notify.ts'
import type { Logger } from '../log.ts'
import { openNodeLog, standardError } from '../logging/node-log.ts'
import { requireStudyWithinCap } from '../privacy/caps.ts'
import { selectStudy } from '../storage/approved-studies.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { loadIdentity } from '../storage/identity.ts'
import { addDataOption, parseStudyPrefix } from './options.ts'
import { requireMember } from './study-new.ts'

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const
/** Exit code of a process that a signal ended: this plus the signal's number, as in shells. */
const SIGNAL_EXIT_BASE = 128

export function addStart(command: Command): void {
  addDataOption(command)
    .option('--study <id>', 'which one, by the first digits of its id', parseStudyPrefix)
    .option('--join', 'the node is not one of the founding hospitals: wait to be admitted')
    .action(start)
}

async function start({ data, study: prefix, join }: { data: string; study?: string; join?: true }): Promise<void> {
  await requireDataFolder(data)
  const config = await readConfig(data)
  const identity = await loadIdentity(data)
  const study = await selectStudy(data, prefix)
  if (!join) requireMember(study.document, identity)
  requireStudyWithinCap(study.document, config)
  const nodeLog = openNodeLog(data, config.log, standardError())
  const { log } = nodeLog
  process.on('SIGUSR2', () => nodeLog.toggleDebug())
  // only this command loads the network and the tensor engine
  const startNode = async (signal: AbortSignal): Promise<RunningNode> =>
    (await import('../daemon/daemon.ts')).startNode({ folder: data, config, log, study: study.study, signal })
  const service = serviceOf(log)
  await runUntilStopped(startNode, { log, service, signals: process, exit: code => process.exit(code) })
}

/** The systemd unit that runs this process, if one does. */
function serviceOf(log: Logger): ServiceNotifier {
  return createServiceNotifier({
    ...{ environment: process.env, pid: process.pid, warn: text => log.warn(text) },
    // a timer of the event loop: where that hangs, the watchdog hears nothing
    alive: () => true,
    every: (ms, call) => {
      const timer = setInterval(call, ms)
      return () => clearInterval(timer)
    },
  })
}

/** The parts of `process` that `runUntilStopped` uses. */
export interface Signals {
  on(name: string, listener: () => void): unknown
  off(name: string, listener: () => void): unknown
}

interface StopParts {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly signals: Signals
  readonly exit: (code: number) => void
  /** told when the node is up and when it stops */
  readonly service?: ServiceNotifier
}

/**
 * Runs a node until it ends by itself or a signal stops it, also while it starts. A second signal exits at once, without
 * waiting for the network to close.
 *
 * @param startNode may reject with the reason of its argument once that is aborted
 */
export async function runUntilStopped(
  startNode: (signal: AbortSignal) => Promise<Pick<RunningNode, 'done' | 'stop'>>,
  { log, service, signals, exit }: StopParts,
): Promise<void> {
  const stopping = Promise.withResolvers<void>()
  const starting = new AbortController()
  let stopped = false
  const listeners = Object.entries(SIGNALS).map(([name, number]) => {
    const listener = (): void => {
      if (stopped) {
        log.warn({ signal: name }, 'second signal: leaving at once')
        exit(SIGNAL_EXIT_BASE + number)
        return
      }
      stopped = true
      service?.stopping()
      log.info({ signal: name }, 'stopping; once more leaves at once')
      stopping.resolve()
      starting.abort()
    }
    signals.on(name, listener)
    return { name, listener }
  })
  try {
    const node = await startNode(starting.signal)
    service?.ready()
    await Promise.race([node.done, stopping.promise])
    if (stopped) await node.stop()
    await node.done
  } catch (error) {
    // stopped before it had started: as it was told to
    if (!starting.signal.aborted || error !== starting.signal.reason) throw error
  } finally {
    for (const { name, listener } of listeners) signals.off(name, listener)
    await service?.close()
  }
}
