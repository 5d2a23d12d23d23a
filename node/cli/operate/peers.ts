/** `confrere peers`: the other hospitals, as the running node sees them. @module */

import type { Command } from 'commander'
import type { PeersAnswer } from '../../http/api/contacts.ts'
import { type NodeAddress, type NodeClient, openNodeClient } from '../../http/node-client.ts'
import type { NodeStatus } from '../../http/status.ts'
import { addJsonOption, addNodeOptions } from '../options.ts'
import { printJson, printLines } from '../output.ts'

export function addPeers(command: Command): void {
  addJsonOption(addNodeOptions(command)).action(showPeers)
}

async function showPeers({ json, ...address }: NodeAddress & { json?: true }): Promise<void> {
  const node = await openNodeClient(address)
  const { peers, study, studyName } = await node.ask<NodeStatus>('/v1/status', hasPeers)
  const reach = new Map((await askReach(node)).map(row => [row.peer, row]))
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
async function askReach(node: NodeClient): Promise<PeersAnswer['peers']> {
  try {
    return (await node.ask<PeersAnswer>('/v1/peers', hasPeers)).peers
  } catch {
    return []
  }
}

function hasPeers(answer: unknown): boolean {
  return Array.isArray((answer as { peers?: unknown } | null)?.peers)
}
