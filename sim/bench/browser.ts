/** A real Chromium for the page. @module */

import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where a Chromium is, by CHROMIUM or at the usual places; null where there is none. */
export function findChromium(): string | null {
  return [process.env['CHROMIUM'] ?? '', ...PLACES].find(path => path !== '' && existsSync(path)) ?? null
}

/** @throws when there is no Chromium */
export async function startChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('There is no Chromium: install it, or name it in CHROMIUM')
  const { chromium } = await import('playwright-core')
  // without its sandbox, which does not start as root in a container; it opens this node's own page only
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
