/** The page of a fake node on a real port, in a real Chromium. @module */

import test, { type ExecutionContext } from 'ava'
import type { Browser, Page } from 'playwright-core'
import type { NodeView } from '../../../node/http/api/view.ts'
import type { EventFeed } from '../../../node/http/event-feed.ts'
import { createEventFeed, startInterface } from '../../../node/http/interface.ts'
import { readToken } from '../../../node/http/token.ts'
import { findChromium, startChromium } from '../../../sim/bench/browser.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { PEER } from './filled-view.ts'

/** What a test sees of the page. */
export interface Dashboard {
  readonly page: Page
  readonly events: EventFeed
  readonly port: number
  readonly url: string
  /** errors of scripts, refusals of the content security policy, and addresses elsewhere that were asked for */
  readonly wrong: string[]
  /** ends the node */
  stop(): Promise<void>
}

export interface DashboardInit {
  readonly view: NodeView
  /** whether the browser is logged in */
  readonly mayAct?: boolean
  readonly width?: number
  readonly colorScheme?: 'light' | 'dark'
  /** 0: any */
  readonly port?: number
}

const TIMEOUT_MS = 120_000

let browser: Promise<Browser> | undefined
test.after.always(async () => (await browser)?.close())

/** A test that needs a Chromium, and is skipped where there is none. */
export function pageTest(claim: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (findChromium() === null) test.skip(`${claim} (skipped: there is no Chromium)`, run)
  else test.serial(claim, run)
}

/** A node's interface alone. */
export async function startNode(t: ExecutionContext, { view, port = 0 }: { view: NodeView; port?: number }) {
  const folder = await temporaryFolder(t)
  const events = createEventFeed()
  const server = await startInterface({
    ...{ folder, peer: PEER, view, events, metrics: () => '', onError: error => t.log(error) },
    config: { host: '127.0.0.1', port, tlsCertificate: null, tlsKey: null, names: [] },
  })
  t.teardown(() => server.close())
  return { server, events, token: await readToken(folder) }
}

/** Opens the page; it has asked for everything when this resolves, or cannot. */
export async function openDashboard(t: ExecutionContext, init: DashboardInit): Promise<Dashboard> {
  const { view, mayAct = false, width = 1280, colorScheme = 'light', port = 0 } = init
  const { server, events, token } = await startNode(t, { view, port })
  browser ??= startChromium()
  const context = await (await browser).newContext({ colorScheme, viewport: { width, height: 900 } })
  t.teardown(() => context.close())
  const page = await context.newPage()
  // no claim is about time: this machine may be busy
  page.setDefaultTimeout(TIMEOUT_MS)
  const wrong: string[] = []
  page.on('pageerror', error => wrong.push(String(error.stack)))
  page.on('console', message => {
    if (/Content Security Policy/i.test(message.text())) wrong.push(message.text())
  })
  page.on('request', request => {
    if (new URL(request.url()).origin !== server.url) wrong.push(request.url())
  })
  page.on('dialog', dialog => {
    wrong.push(`a dialog of a script: ${dialog.message()}`)
    void dialog.dismiss()
  })
  const headers = { authorization: `Bearer ${token}` }
  const link = mayAct ? await fetch(`${server.url}/v1/login-links`, { method: 'POST', headers }) : null
  const path = link === null ? '/' : ((await link.json()) as { path: string }).path
  await page.goto(`${server.url}${path}`)
  return { page, events, wrong, port: server.port, url: server.url, stop: () => server.close() }
}

/** Until nothing on the page is being read any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.loading').first().waitFor({ state: 'detached' })
}
