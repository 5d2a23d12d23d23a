// Claims of node/http/dashboard, with a real Chromium: texts from outside are text, a broken stream is said and mended,
// nothing is drawn again without a change, and many rounds and hospitals stay few elements.

import type { Page } from 'playwright-core'
import { OperatorError } from '../../../../node/errors.ts'
import type { NodeView } from '../../../../node/http/api/view.ts'
import { busyNode } from '../../../../sim/bench/busy-node.ts'
import { openDashboard, pageTest, settled, startNode } from '../../../helpers/http/dashboard.ts'
import { filledView, HOSTILE_NAME } from '../../../helpers/http/filled-view.ts'

const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const busy = (hospitals = 4, rounds = 20) => busyNode({ hospitals, rounds, now: NOW })

const EMPTY: Partial<NodeView> = {
  studies: () => ({ studies: [] }),
  contacts: () => ({ contacts: [], pending: [], invitations: [] }),
  peers: () => ({ peers: [] }),
  evidence: () => ({ evidence: [] }),
  datasets: () => ({ datasets: [] }),
  privacy: () => ({ accounts: [], note: 'x' }),
}

const width = (page: Page) => page.evaluate('document.documentElement.scrollWidth')

pageTest('names and texts with markup are shown as text: no script runs, no element comes of them', async t => {
  const { page, wrong } = await openDashboard(t, { view: filledView(), mayAct: true })
  await settled(page)
  await page.getByRole('button', { name: /Approve the hospital/ }).click()
  t.true((await page.getByText('<img src=x onerror=alert(1)>').count()) > 5)
  t.true((await page.locator('body').innerText()).includes(HOSTILE_NAME.slice(0, 9)))
  t.is(await page.locator('img').count(), 0)
  t.is(await page.locator('script').count(), 1, 'the own one')
  t.deepEqual(wrong, [])
})

pageTest('names of 10,000 characters and of other directions keep the page as wide as the window', async t => {
  const names = [`${'\u202e'.repeat(50)}nimda\u2067`, 'W'.repeat(10_000), 'שלום '.repeat(2000), 'e\u0301'.repeat(5000)]
  const { view } = busy()
  const peers = await view.peers()
  const contacts = await view.contacts()
  for (const site of names) {
    const renamed = <T extends { site: string }>(all: T[]): T[] => all.map(one => ({ ...one, site }))
    const changes: Partial<NodeView> = {
      node: async () => ({ ...(await view.node()), site, state: `All is well at ${site}.` }),
      peers: () => ({ peers: renamed(peers.peers) }),
      contacts: () => ({ ...contacts, contacts: renamed(contacts.contacts), pending: renamed(contacts.pending) }),
      studies: async () => ({ studies: (await view.studies()).studies.map(study => ({ ...study, name: site })) }),
    }
    for (const viewport of [1280, 400]) {
      const { page } = await openDashboard(t, { view: { ...view, ...changes }, width: viewport })
      await settled(page)
      t.is(await width(page), viewport, site.slice(0, 5))
      if (site.length > 1000) t.true((await page.locator('h1 bdi').innerText()).length <= 200)
      t.is(await page.locator('h1 bdi').getAttribute('dir'), 'auto')
      await page.context().close()
    }
  }
})

pageTest('a node that nobody knows yet is said to be empty, section by section', async t => {
  const { page, wrong } = await openDashboard(t, { view: filledView([], EMPTY), mayAct: true })
  await settled(page)
  for (const text of [
    /^No study yet/,
    /^Curves appear/,
    /^Nothing was spent/,
    /^No other hospital yet/,
    /^Nothing\. Hospitals/,
  ]) {
    await page.getByText(text).waitFor()
  }
  for (const text of [/^No contacts yet/, /^No study has run/, /^None: no hospital/, /^No data set yet/]) {
    await page.getByText(text).waitFor()
  }
  t.is(await page.locator('canvas').count(), 0)
  t.deepEqual(wrong, [])
})

pageTest('a section whose answer fails says why and asks again by button; the others stay', async t => {
  let broken = true
  const peers = busy().view.peers
  const view: NodeView = {
    ...busy().view,
    privacy: () => null,
    peers: () => {
      if (broken) throw new OperatorError('not-now', 'The store is closed', { hint: 'Start it again.', exitCode: 7 })
      return peers()
    },
  }
  const { page } = await openDashboard(t, { view })
  await page.getByText('This cannot be shown: The store is closed').waitFor()
  await page.getByText('Start it again.').waitFor()
  await page.getByText(/^The node is starting/).waitFor()
  await page.getByText('412 MB').waitFor({ state: 'attached' })
  broken = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('4 hospitals, 1 absent.').waitFor()
  t.pass()
})

pageTest('a node that goes away is said to be away, and what it says afterwards comes by itself', async t => {
  const { page, stop, port } = await openDashboard(t, { view: busy().view })
  await settled(page)
  t.false(await page.getByRole('alert').first().isVisible())
  await stop()
  await page.getByText(/^The node does not answer since/).waitFor()
  await page.getByText('All is well: one study trains, one waits.').waitFor()
  const view: NodeView = { ...busy().view, node: async () => ({ ...(await busy().view.node()), state: 'It is back.' }) }
  await startNode(t, { view, port })
  await page.getByText('It is back.').waitFor()
  await page.getByText(/^The node does not answer since/).waitFor({ state: 'detached' })
  t.false(await page.locator('#banner').isVisible())
})

pageTest('a page for which there is no stream left says so, and shows what it asks for', async t => {
  const { page, url } = await openDashboard(t, { view: busy().view })
  await settled(page)
  const held = await Promise.all(Array.from({ length: 15 }, () => fetch(`${url}/v1/events`)))
  t.true(held.every(({ status }) => status === 200))
  const second = await page.context().newPage()
  await second.goto(url)
  await second.getByText(/^Too many pages follow this node/).waitFor()
  await second.getByText('All is well: one study trains, one waits.').waitFor()
  await Promise.all(held.map(({ body }) => body?.cancel()))
})

pageTest('an event brings what it changed, and the elements that show the same stay the same', async t => {
  const { view } = busy()
  let state = 'All is well.'
  let rounds = 20
  const { page, events } = await openDashboard(t, {
    view: {
      ...view,
      node: async () => ({ ...(await view.node()), state }),
      rounds: id => busyNode({ hospitals: 4, rounds, now: NOW }).view.rounds(id),
    },
  })
  await settled(page)
  await page.locator('#rounds tbody tr').first().waitFor()
  await page.evaluate(
    'for (const at of ["#rounds tbody tr", "#studies .card"]) document.querySelector(at).marked = true',
  )
  await page.locator('#now summary').click()
  state = 'A round was lost.'
  rounds = 21
  events.emit({ type: 'round', text: 'Round 20 is finished', study: 'a0'.repeat(32) })
  await page.getByText('A round was lost.').waitFor()
  await page.locator('#rounds tbody tr').first().getByText('20', { exact: true }).waitFor()
  const marked = (at: string) => page.evaluate(`[...document.querySelectorAll("${at}")].findIndex(one => one.marked)`)
  t.is(await marked('#rounds tbody tr'), 1)
  t.is(await marked('#studies .card'), 0)
  t.is(await page.locator('#now details[open]').count(), 1, 'what was opened stays open')
  events.emit({ type: 'contacts', text: 'A hospital waits to be a contact' })
  await page.locator('#live').getByText('A hospital waits to be a contact').waitFor()
})

pageTest('1,000 rounds and 64 hospitals are few elements, and more of them come by button', async t => {
  const { page, wrong } = await openDashboard(t, { view: busy(64, 1000).view })
  await settled(page)
  await page.locator('.chart canvas').first().waitFor()
  await page.locator('.chart[aria-label*="from 0 to 999"]').first().waitFor()
  const count = Number(await page.evaluate('document.querySelectorAll("*").length'))
  t.true(count < 2500, `${count} elements`)
  t.is(await page.locator('#rounds tbody tr').count(), 12)
  const more = page.getByRole('button', { name: 'Show more: rounds' })
  for (const shown of [48, 192, 200]) {
    await more.click()
    await page.locator(`#rounds tbody tr:nth-child(${shown})`).waitFor()
  }
  t.is(await more.count(), 0)
  t.is(await page.locator('#rounds tbody tr').count(), 200)
  t.deepEqual(wrong, [])
})

pageTest('curves of what no round has evaluated are not drawn, and come with the evaluations', async t => {
  const { view } = busy()
  const one = await openDashboard(t, { view })
  await one.page.locator('.chart canvas').first().waitFor()
  t.is(await one.page.locator('figure').count(), 2)
  const rounds = async (id: string) =>
    (await view.rounds(id))?.map(round => ({
      ...round,
      evaluation: { auc: 0.5 + round.round / 100, deviation: 0.01, outcome: 'kept' as const },
    })) ?? null
  const two = await openDashboard(t, { view: { ...view, rounds } })
  await two.page.getByText('AUC of the accounted evaluations').waitFor()
  t.is(await two.page.locator('figure').count(), 3)
})
