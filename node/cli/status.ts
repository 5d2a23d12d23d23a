/** `confrere status`: asks the running node. @module */

import type { Command } from 'commander'
import { type NodeAddress, type NodeClient, openNodeClient } from '../http/node-client.ts'
import type { NodeStatus } from '../http/status.ts'
import { observerLines, populationText, severalHospitalsLine, unitText } from '../privacy/epsilon-text.ts'
import { addJsonOption, addNodeOptions, wholeNumber } from './options.ts'
import { printJson, printLines } from './output.ts'

interface StatusOptions extends NodeAddress {
  json?: true
  watch?: true | number
}

const WATCH_SECONDS_DEFAULT = 2
const WATCH_SECONDS_MAX = 3600

export function addStatus(command: Command): void {
  addJsonOption(addNodeOptions(command))
    .option(
      '--watch [seconds]',
      'go on, and show it again after so many seconds (2) where something changed; with --json one object a line',
      wholeNumber(1, WATCH_SECONDS_MAX),
    )
    .action(showStatus)
}

async function showStatus(options: StatusOptions): Promise<void> {
  const node = await openNodeClient(options)
  if (options.watch !== undefined) {
    const { watchStatus } = await import('./operate/watch.ts')
    const seconds = options.watch === true ? WATCH_SECONDS_DEFAULT : options.watch
    return await watchStatus({ ask: () => fetchStatus(node), lines: statusLines, seconds, json: options.json === true })
  }
  const status = await fetchStatus(node)
  if (options.json) printJson(status)
  else printLines(...statusLines(status))
}

/** @throws OperatorError as `NodeClient.ask` */
async function fetchStatus(node: NodeClient): Promise<NodeStatus> {
  const isRight = (answer: unknown): boolean => {
    const status = answer as Partial<NodeStatus> | null
    return typeof status?.peer === 'string' && Array.isArray(status.peers)
  }
  return await node.ask<NodeStatus>('/v1/status', isRight)
}

/** A status in words. */
function statusLines(status: NodeStatus): string[] {
  const { epsilon, epsilonsOfPatient, peers, strikes, evidence } = status
  const present = peers.filter(({ state }) => state !== 'absent').length
  return [
    `Node      ${status.site}, ${status.peer}, version ${status.version}`,
    `Study     ${status.study === null ? 'none: approve one that a contact proposes ("confrere study list"), or write one ("confrere study new")' : `${status.studyName} (${status.study.slice(0, 12)})`}`,
    `Account   of ${populationText(status.population)}`,
    ...(status.study === null ? [] : [`Round     ${roundText(status)}`]),
    ...waitingLines(status),
    ...(status.search ?? []).map((line, at) => `${(at === 0 ? 'Search' : '').padEnd(10)}${line}`),
    ...(status.study === null ? [] : [`Peers     ${present} of ${peers.length} present`]),
    ...peers.map(
      ({ peer, site, state, reason, reached }) =>
        `  ${state.padEnd(9)}  ${peer}  ${site}${(reason ?? reached) ? `: ${reason ?? reached}` : ''}`,
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
    ...rosterLines(status),
    ...strikes.map(({ peer, reason, count }) => `Strikes   ${count} × ${reason}  ${peer}`),
    ...(evidence > 0 ? [`Evidence  ${evidence} proofs of lies: "confrere evidence list" names them`] : []),
    ...problemLines(status),
  ]
}

/** Changes of the roster that are approved, and by whom. A node of an older version says only what is approved here. */
function rosterLines({ roster, peers }: NodeStatus): string[] {
  const { version, approving, approvals = [] } = roster as Partial<NodeStatus['roster']>
  const named = new Map(peers.map(({ peer, site }) => [peer, site || peer]))
  return [
    ...(approving ? [`Roster    version ${version}; approved here: ${approving}`] : []),
    ...approvals.map(
      ({ text, by }) => `Roster    approved by ${by.map(peer => named.get(peer) ?? peer).join(', ')}: ${text}`,
    ),
  ]
}

/** A node of an older version says nothing of what it waits for, nor of problems. */
function waitingLines({ waiting }: Partial<NodeStatus>): string[] {
  return waiting ? [`Waits     ${waiting.text}, since ${waiting.since}`] : []
}

function problemLines({ lastError, problems = [] }: Pick<NodeStatus, 'lastError'> & Partial<NodeStatus>): string[] {
  const told = problems.flatMap(({ code, message, hint, since }) => [
    `Problem   ${message} (${code})${since === null ? '' : `, since ${since}`}`,
    ...(hint === null ? [] : [`          ${hint}`]),
  ])
  if (lastError === null || problems.some(({ code }) => code === lastError.code)) return told
  return [...told, `Error     ${lastError.message} (${lastError.code})`]
}

function roundText({ round, roundKind, rounds, phase, stage, view }: NodeStatus): string {
  if (stage) return `${phase}: ${stage}`
  if (roundKind === 'evaluation') return `${round} of ${rounds}, an evaluation, ${phase}, view ${view}`
  if (roundKind === 'table') return `${round} of ${rounds}, a table, ${phase}, view ${view}`
  const which = roundKind === 'statistics' ? `of the statistics, before ${rounds} of training` : `${round} of ${rounds}`
  return `${which}, ${phase}, view ${view}`
}
