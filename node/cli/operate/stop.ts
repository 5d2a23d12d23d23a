/** `confrere stop`: ends the running node in order, and waits until it has ended. @module */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { EXIT, OperatorError } from '../../errors.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { runningPid } from '../../storage/pid-file.ts'
import { addDataOption, addJsonOption, wholeNumber } from '../options.ts'
import { printJson, printLines } from '../output.ts'

const WAIT_SECONDS_DEFAULT = 60
const WAIT_SECONDS_MAX = 3600
const POLL_MS = 100

interface StopOptions {
  data: string
  wait: number
  now?: true
  json?: true
}

export function addStop(command: Command): void {
  addJsonOption(addDataOption(command))
    .option('--wait <seconds>', 'how long to wait for its end', wholeNumber(1, WAIT_SECONDS_MAX), WAIT_SECONDS_DEFAULT)
    .option('--now', 'at once, without leaving its round in order')
    .action(stop)
}

/** @throws OperatorError `not-running`, `not-yours` (exit code 9), `timed-out` (exit code 10) */
async function stop({ data, wait, now, json }: StopOptions): Promise<void> {
  await requireDataFolder(data)
  const pid = await runningPid(data)
  if (pid === null) {
    throw new OperatorError('not-running', `No node runs on ${data}`, {
      hint: 'There is nothing to stop on this machine. "confrere doctor" says whether anything has its ports.',
      exitCode: EXIT.nodeUnreachable,
    })
  }
  signal(pid)
  // the second signal is how a node is told not to wait: see `runUntilStopped`
  if (now) signal(pid)
  const polls = Math.ceil((wait * 1000) / POLL_MS)
  for (let poll = 0; (await runningPid(data)) === pid; poll++) {
    if (poll === polls) {
      throw new OperatorError('timed-out', `The node (process ${pid}) has not ended within ${wait} s`, {
        hint: 'It is still ending: wait longer with --wait, or call "confrere stop --now", which does not wait for its round.',
        exitCode: EXIT.timedOut,
      })
    }
    await sleep(POLL_MS)
  }
  if (json) printJson({ stopped: true, pid })
  else printLines(`Stopped the node (process ${pid}).`)
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    // it has ended meanwhile
    if (code === 'ESRCH') return
    if (code !== 'EPERM') throw cause
    throw new OperatorError('not-yours', `Process ${pid}, the node, belongs to another user`, {
      hint: "Stop it as the node's own user or as root, or with the service manager that has started it.",
      exitCode: EXIT.nodeUnreachable,
      cause,
    })
  }
}
