/** How quick the page of a node is in a real Chromium, and what it costs while nothing happens. @module */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { createEventFeed, startInterface } from '../../node/http/interface.ts'
import { startChromium } from './browser.ts'
import { busyNode } from './busy-node.ts'

const IDLE_MS = 30_000
const EVENTS = 10

export interface PageRow {
  readonly hospitals: number
  readonly rounds: number
  /** until there is something to see, the second time the page is opened */
  readonly firstPaintMs: number
  /** until every section shows what it has */
  readonly completeMs: number
  readonly elements: number
  /** of one core, with an open stream and no event */
  readonly idlePercent: number
  /** of the page's own thread, for an event after which half the resources are read again */
  readonly eventMs: number
}

/** @throws without a Chromium */
export async function benchPage(sizes: readonly { hospitals: number; rounds: number }[]): Promise<PageRow[]> {
  const browser = await startChromium()
  try {
    const rows: PageRow[] = []
    for (const size of sizes) rows.push(await benchOne(browser, size))
    return rows
  } finally {
    await browser.close()
  }
}

async function benchOne(browser: Browser, size: { hospitals: number; rounds: number }): Promise<PageRow> {
  const folder = await mkdtemp(join(tmpdir(), 'confrere-bench-'))
  const events = createEventFeed()
  const { view } = busyNode({ ...size, now: Date.now() })
  const server = await startInterface({
    ...{ folder, view, events, peer: '12D3KooWbench', metrics: () => '', onError: () => {} },
    config: { host: '127.0.0.1', port: 0, tlsCertificate: null, tlsKey: null, names: [] },
  })
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  try {
    const page = await context.newPage()
    await open(page, server.url)
    const begin = performance.now()
    await open(page, server.url)
    const completeMs = performance.now() - begin
    const paint = await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0')
    const session = await context.newCDPSession(page)
    await session.send('Performance.enable')
    await pause(2000)
    const before = await busySeconds(session)
    await pause(IDLE_MS)
    const idlePercent = (100 * (await busySeconds(session)) - 100 * before) / (IDLE_MS / 1000)
    const quiet = await busySeconds(session)
    for (let event = 0; event < EVENTS; event++) {
      events.emit({ type: 'round', text: 'A round is finished' })
      await pause(1500)
    }
    const eventMs = ((await busySeconds(session)) - quiet) * (1000 / EVENTS)
    const elements = Number(await page.evaluate('document.querySelectorAll("*").length'))
    return { ...size, firstPaintMs: Number(paint), completeMs, elements, idlePercent, eventMs }
  } finally {
    await context.close()
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function open(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.locator('.loading').first().waitFor({ state: 'detached' })
  await page.locator('.chart canvas').first().waitFor()
}

/** Seconds for which the page's main thread was busy. */
async function busySeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
}

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))
