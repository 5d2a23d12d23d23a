/** `confrere dashboard`: a link to the running node's page that logs a browser in, once. @module */

import type { Command } from 'commander'
import { openNodeClient } from '../http/node-client.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'

export function addDashboard(command: Command): void {
  addJsonOption(addDataOption(command)).action(showLink)
}

/** Prints the link and starts no browser: a node often runs on a machine without one, or behind a tunnel. */
async function showLink({ data, json }: { data: string; json?: true }): Promise<void> {
  const client = await openNodeClient({ data })
  const { path, expires } = (await client.call('POST', '/v1/login-links')) as { path: string; expires: string }
  const url = new URL(path, client.url).href
  if (json) printJson({ url, expires })
  else {
    printLines(url)
    process.stderr.write('Open it in a browser on this machine within a minute: it works once.\n')
  }
}
