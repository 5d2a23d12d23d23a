/** `confrere status`: asks the running node. @module */

import type { Command } from 'commander'
import { readConfig } from '../config/config.ts'
import { httpUrlOf } from '../config/http-url.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import type { NodeStatus } from '../http/status.ts'
import { observerLines, populationText, severalHospitalsLine, unitText } from '../privacy/epsilon-text.ts'
import { addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'

const TIMEOUT_MS = 5000

interface StatusOptions {
  data?: string
  url?: string
  json?: true
}

export function addStatus(command: Command): void {
  addJsonOption(command)
    .option('--data <folder>', "the node's data folder")
    .option('--url <url>', 'the address of its status page instead')
    .action(showStatus)
}

async function showStatus(options: StatusOptions): Promise<void> {
  const status = await fetchStatus(await urlOf(options))
  if (options.json) printJson(status)
  else printLines(...statusLines(status))
}

async function urlOf({ data, url }: StatusOptions): Promise<string> {
  if (url !== undefined && URL.canParse(url)) return url
  if (data === undefined || url !== undefined) {
    throw failure('which-node', url === undefined ? 'Which node?' : `${url} is not a URL`, {
      hint: 'Name its data folder with --data, or its status page with --url http://127.0.0.1:7420.',
      exitCode: EXIT.usage,
    })
  }
  return httpUrlOf(await readConfig(data))
}

/** @throws OperatorError `node-unreachable` (exit code 9), `timed-out` (exit code 10) */
async function fetchStatus(url: string): Promise<NodeStatus> {
  try {
    const response = await fetch(new URL('/v1/status', url), { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const status = (await response.json()) as Partial<NodeStatus> | null
    if (response.ok && typeof status?.peer === 'string' && Array.isArray(status.peers)) return status as NodeStatus
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

/** A status in words. */
function statusLines(status: NodeStatus): string[] {
  const { epsilon, epsilonsOfPatient, peers, lastError, roster, strikes, evidence } = status
  const present = peers.filter(({ state }) => state !== 'absent').length
  return [
    `Node      ${status.site}, ${status.peer}, version ${status.version}`,
    `Study     ${status.study === null ? 'none' : `${status.studyName} (${status.study.slice(0, 12)})`}`,
    `Account   of ${populationText(status.population)}`,
    `Round     ${roundText(status)}`,
    `Peers     ${present} of ${peers.length} present`,
    ...peers.map(
      ({ peer, site, state, reason }) => `  ${state.padEnd(9)}  ${peer}  ${site}${reason ? `: ${reason}` : ''}`,
    ),
    ...(epsilon === null
      ? []
      : [
          `Privacy   of ${unitText(epsilon)}`,
          ...observerLines(epsilon, epsilon.against, { charged: 'what was charged', cap: epsilon.cap }).map(
            line => `  ${line}`,
          ),
          // a node of an older version says nothing of it
          ...(epsilonsOfPatient ? [`  ${severalHospitalsLine(epsilonsOfPatient, epsilon.against)}`] : []),
        ]),
    `Engine    ${status.engine ?? 'none'}, ${Math.round(status.memoryBytes / 2 ** 20)} MiB`,
    ...(roster.approving === null ? [] : [`Roster    version ${roster.version}; approved here: ${roster.approving}`]),
    ...strikes.map(({ peer, reason, count }) => `Strikes   ${count} × ${reason}  ${peer}`),
    ...(evidence > 0 ? [`Evidence  ${evidence} proofs of lies: "confrere evidence list" names them`] : []),
    ...(lastError === null ? [] : [`Error     ${lastError.message} (${lastError.code})`]),
  ]
}

function roundText({ round, roundKind, rounds, phase, stage, view }: NodeStatus): string {
  if (stage) return `${phase}: ${stage}`
  const which = roundKind === 'statistics' ? `of the statistics, before ${rounds} of training` : `${round} of ${rounds}`
  return `${which}, ${phase}, view ${view}`
}

function failure(
  code: string,
  message: string,
  rest: { hint: string; exitCode: ExitCode; cause?: unknown },
): OperatorError {
  return new OperatorError(code, message, rest)
}
