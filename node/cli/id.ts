/** `confrere id`: the node's own peer id. @module */

import type { Command } from 'commander'
import { readConfig } from '../config/config.ts'
import { loadIdentity } from '../storage/identity.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'

export function addId(command: Command): void {
  addJsonOption(addDataOption(command)).action(printId)
}

async function printId({ data, json }: { data: string; json?: true }): Promise<void> {
  const { peer } = await loadIdentity(data)
  if (json) printJson({ peer, site: (await readConfig(data)).site })
  else printLines(peer)
}
