/** `confrere start`: runs the node, with every approved study, until a signal stops it. @module */

import type { Command } from 'commander'
import { type NodeConfig, readConfig } from '../config/config.ts'
import type { RunningNode } from '../daemon/daemon.ts'
import { createServiceNotifier, type ServiceNotifier } from '../daemon/service-notify.ts'
import { requireStartable } from '../daemon/startable.ts'
import { adviceLines } from '../doctor/examine.ts'
import type { Logger } from '../log.ts'
import { openNodeLog, standardError } from '../logging/node-log.ts'
import { approvedStudies, markedAt, markStudy, selectStudy } from '../storage/approved-studies.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { type Identity, loadIdentity } from '../storage/identity.ts'
import { notePid } from '../storage/pid-file.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { addDataOption, addSetOption, parseStudyPrefix } from './options.ts'

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const
/** Exit code of a process that a signal ended: this plus the signal's number, as in shells. */
const SIGNAL_EXIT_BASE = 128

export function addStart(command: Command): void {
  addSetOption(addDataOption(command))
    .option('--study <id>', 'this study alone, by the first digits of its id: the node ends with it', parseStudyPrefix)
    .option('--join', 'the node is not one of the founding hospitals: wait to be admitted')
    .action(start)
}

interface StartOptions {
  data: string
  study?: string
  join?: true
  set?: string[]
}

async function start({ data, study: prefix, join, set }: StartOptions): Promise<void> {
  await requireDataFolder(data)
  const config = await readConfig(data, { flags: set ?? [] })
  const identity = await loadIdentity(data)
  const only = prefix === undefined ? null : await selectStudy(data, prefix)
  const meant = only === null ? await studiesToStart(data) : [only]
  if (join) for (const { study } of meant) await markStudy(data, study, 'joining')
  await requireSomeStartable(meant, { folder: data, config, identity })
  const nodeLog = openNodeLog(data, config.log, standardError())
  const { log } = nodeLog
  process.on('SIGUSR2', () => nodeLog.toggleDebug())
  // what the start itself does not refuse, such as a disk that is nearly full
  for (const line of await adviceLines(data, { except: ['ports', 'studies'] })) log.warn(line)
  const service = serviceOf(log)
  const parts = { folder: data, config, nodeLog, study: only?.study ?? null, tell: service.status }
  // only this command loads the network and the tensor engine
  const startNode = async (signal: AbortSignal): Promise<RunningNode> =>
    (await import('../daemon/daemon.ts')).startNode({ ...parts, signal })
  const forgetPid = await notePid(data)
  try {
    await runUntilStopped(startNode, { log, service, signals: process, exit: code => process.exit(code) })
  } finally {
    await forgetPid()
  }
}

/** Approved studies that are neither over nor left. */
async function studiesToStart(folder: string): Promise<VerifiedStudy[]> {
  const open: VerifiedStudy[] = []
  for (const one of await approvedStudies(folder)) {
    const over = [await markedAt(folder, one.study, 'finished'), await markedAt(folder, one.study, 'left')]
    if (over.every(mark => mark === null)) open.push(one)
  }
  return open
}

/** A node of which no study can be started ends at once, in front of whoever starts it. @throws OperatorError */
async function requireSomeStartable(
  studies: readonly VerifiedStudy[],
  node: { folder: string; config: NodeConfig; identity: Identity },
): Promise<void> {
  const results = await Promise.allSettled(studies.map(study => requireStartable(study, node)))
  const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  if (refused.length > 0 && refused.length === studies.length) throw refused[0]
}

/** The systemd unit that runs this process, if one does. */
function serviceOf(log: Logger): ServiceNotifier {
  return createServiceNotifier({
    ...{ environment: process.env, pid: process.pid, warn: text => log.warn(text) },
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
  startNode: (signal: AbortSignal) => Promise<Pick<RunningNode, 'live' | 'done' | 'stop'>>,
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
    service?.ready(node.live)
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
