/** `confrere status --watch`: the status again and again, until Ctrl-C. @module */

import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '../../errors.ts'
import type { NodeStatus } from '../../http/status.ts'
import { printJsonLine, printLines } from '../output.ts'

const CLEAR_SCREEN = '\x1b[H\x1b[2J'

/** What changes all the time and says nothing. */
const RESTLESS = new Set(['memoryBytes', 'eventLoopLagP99Ms'])

interface Watching {
  readonly ask: () => Promise<NodeStatus>
  readonly lines: (status: NodeStatus) => string[]
  readonly seconds: number
  readonly json: boolean
  /** for tests: what comes between two questions, and whether there is a next one */
  readonly pause?: (seconds: number) => Promise<boolean>
  readonly isTerminal?: boolean
  readonly show?: (text: string | NodeStatus) => void
}

/**
 * Shows the status whenever it has changed. A node that does not answer is told of and asked again: it may be starting.
 *
 * @throws OperatorError when the first question fails: there is nothing to watch
 */
export async function watchStatus(watching: Watching): Promise<void> {
  const { ask, lines, seconds, json } = watching
  const { pause = forever, isTerminal = process.stdout.isTTY === true, show = print } = watching
  let before: string | undefined
  do {
    const found = await ask().catch((error: unknown) => {
      if (before === undefined || !(error instanceof OperatorError)) throw error
      return error.message
    })
    const seen = typeof found === 'string' ? found : JSON.stringify(found, steady)
    if (seen === before) continue
    before = seen
    if (json && typeof found !== 'string') show(found)
    else if (json) process.stderr.write(`confrere: ${found}\n`)
    else show(`${isTerminal ? CLEAR_SCREEN : ''}${typeof found === 'string' ? found : lines(found).join('\n')}`)
  } while (await pause(seconds))
}

function steady(key: string, value: unknown): unknown {
  return RESTLESS.has(key) ? undefined : value
}

async function forever(seconds: number): Promise<boolean> {
  await sleep(seconds * 1000)
  return true
}

function print(text: string | NodeStatus): void {
  if (typeof text === 'string') printLines(text)
  else printJsonLine(text)
}
