/** `confrere dashboard`: a link to the node's page that logs a browser in, once. @module */

import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { httpUrlOf } from '../../config/http-url.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { askNode } from './node-client.ts'

/** Written by the node at its start, for its own user alone. */
const TOKEN_NAME = 'http-token'
const OPENERS: Partial<Record<NodeJS.Platform, string>> = { darwin: 'open', linux: 'xdg-open' }

/** What the node answers: the link, or its path on the node's page. */
type LoginLink = { readonly url: string } | { readonly path: string }

export function addDashboard(command: Command): void {
  addJsonOption(addDataOption(command)).option('--open', 'open it in a browser of this machine').action(dashboard)
}

/** @throws OperatorError `no-token` (exit code 9), as `readConfig` and `askNode` */
async function dashboard({ data, open, json }: { data: string; open?: true; json?: true }): Promise<void> {
  const base = httpUrlOf(await readConfig(data))
  const link = await askNode<LoginLink>(base, {
    path: '/v1/login-links',
    isRight: answer => linkIn(answer) !== null,
    init: { method: 'POST', headers: { authorization: `Bearer ${await tokenOf(data)}` } },
  })
  const url = new URL(linkIn(link) as string, base).href
  const opener = OPENERS[process.platform]
  if (open && opener !== undefined)
    spawn(opener, [url], { stdio: 'ignore', detached: true })
      .on('error', () => {})
      .unref()
  if (json) printJson({ url })
  else printLines(url)
}

function linkIn(answer: unknown): string | null {
  const { url, path } = (answer ?? {}) as { url?: unknown; path?: unknown }
  const link = url ?? path
  return typeof link === 'string' ? link : null
}

async function tokenOf(data: string): Promise<string> {
  try {
    return (await readFile(join(data, TOKEN_NAME), 'utf8')).trim()
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new OperatorError('no-token', `The token of the node's page, ${join(data, TOKEN_NAME)}, cannot be read`, {
      hint: isMissing ? 'The node writes it when it starts: "confrere start".' : "Call this as the node's own user.",
      exitCode: EXIT.nodeUnreachable,
      cause,
    })
  }
}
