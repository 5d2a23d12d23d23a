/** `confrere peers`: the other hospitals, as the running node sees them. @module */

import type { Command } from 'commander'
import type { NodeStatus } from '../../http/status.ts'
import { addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { addNodeOptions, askNode, type NodeAddress, nodeUrlOf } from './node-client.ts'

export function addPeers(command: Command): void {
  addJsonOption(addNodeOptions(command)).action(showPeers)
}

async function showPeers({ json, ...address }: NodeAddress & { json?: true }): Promise<void> {
  const { peers, study, studyName } = await askNode<NodeStatus>(await nodeUrlOf(address), {
    path: '/v1/status',
    isRight: answer => Array.isArray((answer as Partial<NodeStatus> | null)?.peers),
  })
  if (json) return printJson({ study, peers })
  if (peers.length === 0) return printLines('The node has no study yet, and knows of no other hospital.')
  const width = Math.max(...peers.map(({ site }) => site.length))
  printLines(
    `Hospitals of “${studyName}”`,
    ...peers.map(
      ({ peer, site, state, reason, reached }) =>
        `  ${state.padEnd('connected'.length)}  ${site.padEnd(width)}  ${peer}${besides(reason ?? reached)}`,
    ),
  )
}

function besides(words: string | null | undefined): string {
  return words ? `: ${words}` : ''
}
