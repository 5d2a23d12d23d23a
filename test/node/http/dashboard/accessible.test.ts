// Claims of node/http/dashboard, with a real Chromium: axe finds nothing serious, light and dark, wide and narrow, in a
// question and in an empty page; tables have their names; it asks for nothing elsewhere.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { busyNode } from '../../../../sim/bench/busy-node.ts'
import { openDashboard, pageTest, settled } from '../../../helpers/http/dashboard.ts'
import { filledView } from '../../../helpers/http/filled-view.ts'

const AXE = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'))
const NOW = Date.parse('2026-03-01T12:00:00.000Z')

/** What axe finds that is serious or worse, in words. */
async function serious(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'))
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[]
  }
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 400]) {
    pageTest(`axe finds nothing serious: ${colorScheme}, ${width} pixels`, async t => {
      const { view } = busyNode({ hospitals: 4, rounds: 30, now: NOW })
      const { page, wrong } = await openDashboard(t, { view, mayAct: true, width, colorScheme })
      await settled(page)
      await page.locator('.chart canvas').first().waitFor()
      await page.locator('#waiting summary').click()
      await page.locator('#now summary').click()
      t.deepEqual(await serious(page), [])
      t.is(await page.evaluate('document.documentElement.scrollWidth'), width)
      await page.getByRole('button', { name: /Approve the study/ }).click()
      t.deepEqual(await serious(page), [], 'with a question')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Change the log level' }).click()
      t.deepEqual(await serious(page), [], 'with a choice')
      t.deepEqual(wrong, [], 'no script fails, and nothing is asked for elsewhere')
    })
  }
}

pageTest('landmarks, headings and tables have names, and narrow tables are tables still', async t => {
  for (const width of [1280, 400]) {
    const { page } = await openDashboard(t, { view: filledView(), width })
    await settled(page)
    t.is(await page.getByRole('main').count(), 1)
    t.is(await page.getByRole('heading', { level: 1 }).count(), 1)
    t.is(await page.getByRole('region').count(), 11)
    const rounds = page.getByRole('table', { name: 'Rounds' })
    t.is(await rounds.getByRole('row').count(), 6)
    t.is(await rounds.getByRole('columnheader').count(), 8)
    t.is(await rounds.getByRole('rowheader').count(), 5)
    t.regex(String(await page.getByRole('progressbar').first().getAttribute('aria-valuetext')), /3 of 10 rounds/)
    t.regex(String(await page.getByRole('meter').first().getAttribute('aria-valuetext')), /1\.5 of 3/)
    await page.getByRole('img', { name: 'took part in 1 of 3 rounds, last absent in round 2' }).waitFor()
  }
})
