/** `confrere peers`: the other hospitals, as the running node sees them. @module */

import type { Command } from 'commander'
import type { PeersAnswer } from '../../http/api/contacts.ts'
import type { NodeStatus } from '../../http/status.ts'
import { addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { addNodeOptions, askNode, type NodeAddress, nodeUrlOf } from './node-client.ts'

export function addPeers(command: Command): void {
  addJsonOption(addNodeOptions(command)).action(showPeers)
}

async function showPeers({ json, ...address }: NodeAddress & { json?: true }): Promise<void> {
  const url = await nodeUrlOf(address)
  const { peers, study, studyName } = await askNode<NodeStatus>(url, { path: '/v1/status', isRight: hasPeers })
  const reach = new Map((await askReach(url)).map(row => [row.peer, row]))
  const rows = peers.map(one => {
    const { reached = null, failedDial = null } = reach.get(one.peer) ?? {}
    return { ...one, reached, failedDial }
  })
  if (json) return printJson({ study, peers: rows })
  if (rows.length === 0) return printLines('The node has no study yet, and knows of no other hospital.')
  const width = Math.max(...rows.map(({ site }) => site.length))
  printLines(
    `Hospitals of “${studyName}”`,
    ...rows.flatMap(({ peer, site, state, reason, reached, failedDial }) => [
      `  ${state.padEnd('connected'.length)}  ${site.padEnd(width)}  ${peer}${reason ? `: ${reason}` : ''}`,
      ...(reached === null ? [] : [`    reached ${reached.text}`]),
      ...(failedDial === null ? [] : [`    ${failedDial.text} (${failedDial.since})`]),
    ]),
  )
}

/** How each hospital is reached; nothing of a node of an older version. */
async function askReach(url: string): Promise<PeersAnswer['peers']> {
  try {
    return (await askNode<PeersAnswer>(url, { path: '/v1/peers', isRight: hasPeers })).peers
  } catch {
    return []
  }
}

function hasPeers(answer: unknown): boolean {
  return Array.isArray((answer as { peers?: unknown } | null)?.peers)
}
