// Claims of node/http/dashboard, with a real Chromium: an answer by click or by key reaches the node after a question,
// and not without the right to act; an invitation is shown once; what the node refuses is said with its remedy.

import { LOG_LEVELS, type LogLevel } from '../../../../node/log.ts'
import { busyNode, PENDING_CHANGE, PENDING_PEER, PROPOSED_STUDY } from '../../../../sim/bench/busy-node.ts'
import { openDashboard, pageTest, settled } from '../../../helpers/http/dashboard.ts'
import { filledView } from '../../../helpers/http/filled-view.ts'

const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const FOCUSED = 'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent'
const node = () => busyNode({ hospitals: 4, rounds: 20, now: NOW })

pageTest(
  'a hospital, a study and a change that are approved by click reach the node, each after a question',
  async t => {
    const { view, done } = node()
    const { page, wrong } = await openDashboard(t, { view, mayAct: true })
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Approve the hospital Clinic of Kraków' }).click()
    t.deepEqual(done, [], 'the question comes first')
    await dialog.getByText('apple brook cedar delta ember flint').waitFor()
    await dialog.getByRole('button', { name: /approve/ }).click()
    await page.getByText('The hospital is a contact now.').first().waitFor()
    t.deepEqual(done.splice(0), [`approve-contact ${PENDING_PEER}`])
    await page.getByRole('button', { name: /Approve the hospital/ }).waitFor({ state: 'detached' })

    await page.getByLabel('Your data set for it:').selectOption('retina-2')
    await page.getByRole('button', { name: /Approve the study/ }).click()
    await dialog.getByText('retina-2').waitFor()
    await dialog.getByRole('button', { name: 'Approve', exact: true }).click()
    await page.getByText('The study is approved.').first().waitFor()
    t.deepEqual(done.splice(0), [`approve-study retina-2 ${PROPOSED_STUDY}`])

    await page.getByRole('button', { name: /Refuse the change/ }).click()
    await dialog.getByRole('button', { name: 'Refuse', exact: true }).click()
    await page.getByText('The change is refused.').first().waitFor()
    t.deepEqual(done.splice(0), [`refuse-change ${PENDING_CHANGE}`])
    await page.getByText(/^Nothing\. Hospitals that join/).waitFor()
    t.deepEqual(wrong, [])
  },
)

pageTest('a question that is left by Cancel or Escape does nothing, and the focus goes back', async t => {
  const { view, done } = node()
  const { page } = await openDashboard(t, { view, mayAct: true })
  const refuse = page.getByRole('button', { name: 'Refuse the hospital Clinic of Kraków' })
  for (const leave of [
    () => page.keyboard.press('Escape'),
    () => page.getByRole('button', { name: 'Cancel' }).click(),
  ]) {
    await refuse.click()
    await page.getByRole('dialog').waitFor()
    await leave()
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    t.is(await page.evaluate(FOCUSED), 'Refuse the hospital Clinic of Kraków')
  }
  t.deepEqual(done, [])
})

pageTest('a hospital is approved with the keyboard alone, and the focus stays in its section', async t => {
  const { view, done } = node()
  const { page } = await openDashboard(t, { view, mayAct: true })
  await page.getByRole('button', { name: /Approve the hospital/ }).waitFor()
  await settled(page)
  const seen: unknown[] = []
  for (let key = 0; key < 80; key++) {
    await page.keyboard.press('Tab')
    seen.push(await page.evaluate(FOCUSED))
    if (seen.at(-1) === 'Approve the hospital Clinic of Kraków') break
  }
  t.is(seen[0], 'To the content')
  t.is(seen.at(-1), 'Approve the hospital Clinic of Kraków')
  await page.keyboard.press('Enter')
  t.is(await page.evaluate(FOCUSED), 'Cancel', 'Enter twice approves nothing')
  await page.keyboard.press('Tab')
  t.is(await page.evaluate(FOCUSED), 'The words are the same: approve')
  await page.keyboard.press('Enter')
  await page.getByText('The hospital is a contact now.').first().waitFor()
  await page.getByRole('button', { name: /Approve the hospital/ }).waitFor({ state: 'detached' })
  t.deepEqual(done, [`approve-contact ${PENDING_PEER}`])
  t.is(await page.evaluate('document.activeElement.closest("section")?.id'), 'waiting')
})

pageTest('the log level is changed with the keyboard alone, to each that there is, and the page shows it', async t => {
  const { view } = node()
  let level: LogLevel = 'info'
  const levelled = {
    ...view,
    node: async () => ({ ...(await view.node()), logLevel: level }),
    setLogLevel: (next: LogLevel) => {
      level = next
    },
  }
  const { page, wrong } = await openDashboard(t, { view: levelled, mayAct: true })
  await settled(page)
  await page.locator('#now summary').focus()
  await page.keyboard.press('Enter')
  const change = page.getByRole('button', { name: 'Change the log level' })
  await change.focus()
  await page.keyboard.press('Enter')
  const choice = page.getByLabel('How much this node writes to its log')
  t.is(await choice.inputValue(), 'info')
  t.deepEqual(await choice.locator('option').evaluateAll(options => options.map(one => one.getAttribute('value'))), [
    ...LOG_LEVELS,
  ])
  await choice.focus()
  await page.keyboard.press('ArrowUp')
  t.is(await choice.inputValue(), 'debug')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('The log level is debug now.').first().waitFor()
  t.is(String(level), 'debug')
  await page
    .locator('#now dd')
    .filter({ hasText: /^debug/ })
    .waitFor()
  t.is(await page.evaluate(FOCUSED), 'Change the log level', 'the focus goes back')
  t.deepEqual(wrong, [])
})

pageTest('a browser without a session sees what waits, how it gets buttons, and no button that acts', async t => {
  const { page } = await openDashboard(t, { view: node().view })
  await settled(page)
  await page.getByText('Clinic of Kraków').first().waitFor()
  await page.getByText('confrere dashboard').first().waitFor()
  t.is(await page.getByRole('button', { name: /Approve|Refuse|Leave|Invite|Withdraw|Change/ }).count(), 0)
})

pageTest('an invitation is shown once with a button that copies it, and is nowhere on the page afterwards', async t => {
  const { view, done } = node()
  const { page } = await openDashboard(t, { view, mayAct: true })
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Invite a hospital…' }).click()
  await page.getByLabel('It can be used for').selectOption('a week')
  await page.getByLabel(/Whom it is for/).fill('Clinic in Lyon')
  await page.getByRole('button', { name: 'Make an invitation' }).click()
  const text = await page.getByLabel(/confrere join/).inputValue()
  t.regex(text, /^confrere1/)
  t.deepEqual(done, ['invite 168 Clinic in Lyon'])
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByText('It is copied.').waitFor()
  t.is(await page.evaluate('navigator.clipboard.readText()'), text)
  await page.getByRole('button', { name: 'Close' }).click()
  // a dialog is emptied by the event that follows its end
  await page.locator('#invitation').waitFor({ state: 'detached' })
  t.false((await page.content()).includes(text))
})

pageTest('what the node refuses is said in the question with its remedy, and the question stays', async t => {
  const studies = busyNode({ hospitals: 4, rounds: 20, now: NOW }).view
  const { page } = await openDashboard(t, { view: { ...studies, leaveStudy: filledView().leaveStudy }, mayAct: true })
  await page.getByRole('button', { name: /Leave the study Pneumonia/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Leave the study' }).click()
  await dialog.getByText(/cannot be left now/).waitFor()
  await dialog.getByText('Wait.').waitFor()
  t.true(await dialog.isVisible())
})

pageTest('what becomes of an answer is said also when its question was left meanwhile', async t => {
  const { view } = node()
  let finish: (() => void) | undefined
  const slow = new Promise<void>(resolve => {
    finish = resolve
  })
  const refuseStudy: typeof view.refuseStudy = async id => {
    await slow
    return view.refuseStudy(id)
  }
  const { page } = await openDashboard(t, { view: { ...view, refuseStudy }, mayAct: true })
  await page.getByRole('button', { name: /Refuse the study/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Refuse', exact: true }).click()
  await page.getByRole('button', { name: 'Working…' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /Refuse the hospital/ }).click()
  finish?.()
  await page.getByText('The study is refused.').first().waitFor({ state: 'attached' })
  t.true(await page.getByRole('dialog').isVisible(), 'the other question stays')
})
