/**
 * Tells systemd how the node does (sd_notify): that it is up, what it does, that it is alive, that it stops. Node.js has
 * no Unix datagram sockets, so `systemd-notify`, which every systemd has, sends the messages; the unit needs
 * `NotifyAccess=all`, because they come from a child process.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const COMMAND = 'systemd-notify'
const SEND_MS_MAX = 10_000
const STATUS_CHARACTERS_MAX = 200
/** How often the status is told where no watchdog asks for more. */
const TICK_MS = 30_000
/** Part of the watchdog's time after which it hears from us: sd_watchdog_enabled(3) recommends half. */
const WATCHDOG_SHARE = 2

export interface ServiceNotifier {
  /**
   * the node is up: from now on the watchdog counts
   *
   * @param live whether the watchdog may hear that all is well; a node that only a restart can help stays silent
   */
  ready(live: () => boolean): void
  /** what it does, in one sentence, for `systemctl status` */
  status(text: string): void
  stopping(): void
  /** Ends the watchdog's messages, and waits until all others are sent. */
  close(): Promise<void>
}

export interface ServiceNotifierParts {
  /** what systemd gave the process: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly pid: number
  /** calls something again and again until what it returned is called */
  readonly every: (ms: number, call: () => void) => () => void
  readonly warn: (text: string) => void
  /** by default `systemd-notify` */
  readonly send?: (assignments: readonly string[]) => Promise<void>
}

/** A notifier that does nothing where systemd does not listen. */
export function createServiceNotifier(parts: ServiceNotifierParts): ServiceNotifier {
  const { environment, pid, every, warn } = parts
  const socket = environment['NOTIFY_SOCKET'] ?? ''
  if (socket === '') return { ready() {}, status() {}, stopping() {}, close: async () => {} }
  const outbox = new Outbox(parts.send ?? sendBySystemdNotify(socket), warn)
  let status = ''
  let told = ''
  // a timer of the event loop calls it: where that hangs during the start, the watchdog hears nothing either
  let alive = (): boolean => true
  const statusLines = (): string[] => {
    if (status === told) return []
    told = status
    return [`STATUS=${status}`]
  }
  const watchdogMs = watchdogOf(environment, pid)
  const stopTicks = every(watchdogMs === null ? TICK_MS : watchdogMs / WATCHDOG_SHARE, () => {
    const lines = [...(watchdogMs !== null && alive() ? ['WATCHDOG=1'] : []), ...statusLines()]
    if (lines.length > 0) outbox.tick(lines)
  })
  return {
    ready(live) {
      alive = live
      outbox.add(['READY=1', ...statusLines()])
    },
    status: text => {
      status = oneLine(text)
    },
    stopping() {
      status = 'stopping'
      outbox.add(['STOPPING=1', ...statusLines()])
    },
    async close() {
      stopTicks()
      await outbox.empty()
    },
  }
}

/** The watchdog's time, or null where none watches this process. */
function watchdogOf(environment: ServiceNotifierParts['environment'], pid: number): number | null {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? '')
  const watched = environment['WATCHDOG_PID'] ?? String(pid)
  return Number.isFinite(microseconds) && microseconds > 0 && watched === String(pid) ? microseconds / 1000 : null
}

/** A line feed would begin another assignment, and names of hospitals come from others. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, STATUS_CHARACTERS_MAX)
}

/** Messages in their order, one at a time. What cannot be sent is told once, and ends nothing. */
class Outbox {
  readonly #send: (assignments: readonly string[]) => Promise<void>
  readonly #warn: (text: string) => void
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #failed = false

  constructor(send: (assignments: readonly string[]) => Promise<void>, warn: (text: string) => void) {
    this.#send = send
    this.#warn = warn
  }

  add(assignments: readonly string[]): void {
    this.#waiting += 1
    this.#last = this.#last.then(async () => {
      try {
        await this.#send(assignments)
        this.#failed = false
      } catch (error) {
        if (!this.#failed) this.#warn(`systemd cannot be told how the node does: ${(error as Error).message}`)
        this.#failed = true
      }
      this.#waiting -= 1
    })
  }

  /** One of many: left out while others wait. */
  tick(assignments: readonly string[]): void {
    if (this.#waiting === 0) this.add(assignments)
  }

  empty(): Promise<void> {
    return this.#last
  }
}

function sendBySystemdNotify(socket: string): (assignments: readonly string[]) => Promise<void> {
  const run = promisify(execFile)
  return async assignments => {
    const env = { ...process.env, NOTIFY_SOCKET: socket }
    await run(COMMAND, ['--', ...assignments], { env, timeout: SEND_MS_MAX })
  }
}
