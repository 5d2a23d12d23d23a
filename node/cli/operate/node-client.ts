/** How commands ask the running node, through its HTTP interface. @module */

import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { httpUrlOf } from '../../config/http-url.ts'
import { EXIT, type ExitCode, OperatorError } from '../../errors.ts'

const TIMEOUT_MS = 5000

/** Which node: by its data folder, or by the address of its status page. */
export interface NodeAddress {
  readonly data?: string
  readonly url?: string
}

/** Adds the options that say which node. */
export function addNodeOptions(command: Command): Command {
  return command
    .option('--data <folder>', "the node's data folder")
    .option('--url <url>', 'the address of its status page instead')
}

/** @throws OperatorError `which-node` (exit code 2); as `readConfig` and `httpUrlOf` */
export async function nodeUrlOf({ data, url }: NodeAddress): Promise<string> {
  if (url !== undefined && URL.canParse(url)) return url
  if (data === undefined || url !== undefined) {
    throw failure('which-node', url === undefined ? 'Which node?' : `${url} is not a URL`, {
      hint: 'Name its data folder with --data, or its status page with --url http://127.0.0.1:7420.',
      exitCode: EXIT.usage,
    })
  }
  return httpUrlOf(await readConfig(data))
}

/**
 * Asks a node.
 *
 * @param isRight whether the answer has the form that it has from a node
 * @throws OperatorError `node-unreachable` (exit code 9), `timed-out` (exit code 10)
 */
export async function askNode<Answer>(
  url: string,
  { path, isRight, init = {} }: { path: string; isRight: (answer: unknown) => boolean; init?: RequestInit },
): Promise<Answer> {
  try {
    const response = await fetch(new URL(path, url), { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const answer: unknown = await response.json()
    if (response.ok && isRight(answer)) return answer as Answer
  } catch (cause) {
    if ((cause as Error).name === 'TimeoutError') {
      throw failure('timed-out', `The node at ${url} did not answer within ${TIMEOUT_MS / 1000} s`, {
        hint: 'Its machine may be overloaded: look at its log.',
        exitCode: EXIT.timedOut,
        cause,
      })
    }
    // an answer that is not JSON comes from another program: the same error as below
    if (!(cause instanceof SyntaxError)) {
      throw failure('node-unreachable', `No node answers at ${url}`, {
        hint: 'Start it with "confrere start", or check http.port in config.toml.',
        exitCode: EXIT.nodeUnreachable,
        cause,
      })
    }
  }
  throw failure('node-unreachable', `What answers at ${url} is not a node of confrere`, {
    hint: 'Another program may use the port: check http.port in config.toml.',
    exitCode: EXIT.nodeUnreachable,
  })
}

function failure(
  code: string,
  message: string,
  rest: { hint: string; exitCode: ExitCode; cause?: unknown },
): OperatorError {
  return new OperatorError(code, message, rest)
}
