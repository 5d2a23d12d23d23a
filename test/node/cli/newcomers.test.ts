// Claims of README "Taking part", as three new hospitals would do it: real processes, and for what is clicked a real
// Chromium. Two commands a hospital; contacts and the study are approved on the pages; the study trains to its end, a stopped
// node goes on where it was, and the ledger verifies. No file is copied from one hospital to another, no peer id typed.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Browser, Page } from 'playwright-core'
import { startChromium } from '../../../sim/bench/browser.ts'
import { confrere, freePort, type NodeProcess, startProcess, works } from '../../helpers/cli.ts'
import { pageTest } from '../../helpers/http/dashboard.ts'
import { until } from '../../helpers/study/sites.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const NAMES = ['Hospital A', 'Hospital B', 'Hospital C'] as const
const ROWS = 60
const WAIT_MS = 180_000

interface Newcomer {
  readonly name: string
  readonly folder: string
  readonly http: number
  readonly port: number
  readonly peer: string
  readonly records: string
}

/** Rows as the template reads them: 13 columns and the diagnosis, made up. */
function rowsText(seed: number): string {
  const row = (at: number): string => {
    const x = (at * 7 + seed * 13) % 40
    const diseased = x > 20 ? 1 : 0
    return [
      30 + x,
      at % 2,
      1 + (at % 4),
      110 + x,
      200 + x,
      0,
      at % 3,
      120 + x,
      at % 2,
      x / 10,
      1 + (at % 3),
      at % 4,
      3,
      diseased,
    ].join(',')
  }
  return `${Array.from({ length: ROWS }, (_, at) => row(at)).join('\n')}\n`
}

async function joined(t: ExecutionContext): Promise<Newcomer[]> {
  const root = await temporaryFolder(t)
  const hospitals: Newcomer[] = []
  for (const [at, name] of NAMES.entries()) {
    const [folder, port, http] = [join(root, `node-${at}`), await freePort(), await freePort()]
    const options = [
      '--site',
      name,
      '--data',
      folder,
      '--listen',
      `/ip4/127.0.0.1/tcp/${port}`,
      '--http-port',
      `${http}`,
    ]
    const [first] = hospitals
    if (first === undefined) await works(t, 'init', ...options)
    else await printed(t, 'join', await invitationOf(t, first), ...options)
    hospitals.push({
      name,
      records: join(root, `archive-${at}`),
      folder,
      port,
      http,
      peer: (await works(t, 'id', '--data', folder)).trim(),
    })
  }
  return hospitals
}

async function invitationOf(t: ExecutionContext, { folder, port }: Pick<Newcomer, 'folder' | 'port'>): Promise<string> {
  const made = await printed(t, 'invite', '--data', folder, '--address', `/ip4/127.0.0.1/tcp/${port}`)
  return made.trim().split('\n')[0]!
}

/** What a command prints; it may say on stderr what comes next. */
async function printed(t: ExecutionContext, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await confrere(...args)
  t.is(code, 0, stderr)
  return stdout
}

/** A browser's page of one hospital, logged in by the link that `confrere dashboard` prints. */
async function dashboardOf(t: ExecutionContext, browser: Browser, { folder }: Newcomer): Promise<Page> {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS)
  await page.goto((await printed(t, 'dashboard', '--data', folder)).trim())
  return page
}

async function approveHospital(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Approve the hospital ${name}` }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /approve/ })
    .click()
  await page.getByRole('button', { name: `Approve the hospital ${name}` }).waitFor({ state: 'detached' })
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; ) {
    if (await holds()) return
    await new Promise(resolve => setTimeout(resolve, 500))
  }
  throw new Error('it never came to that')
}

const studiesOf = async (t: ExecutionContext, { folder }: Newcomer) =>
  JSON.parse(await works(t, 'study', 'list', '--data', folder, '--json')).studies as { study: string; state: string }[]

pageTest('three hospitals meet, agree and train by two commands each and by clicks', async t => {
  t.timeout(8 * 60_000)
  const hospitals = await joined(t)
  const [a, b, c] = hospitals as [Newcomer, Newcomer, Newcomer]
  const nodes: NodeProcess[] = hospitals.map(({ folder }) => startProcess(t, folder))
  await eventually(async () => (await Promise.all(hospitals.map(isUp))).every(Boolean))
  const browser = await startChromium()
  t.teardown(() => browser.close())
  const pages = await Promise.all(hospitals.map(hospital => dashboardOf(t, browser, hospital)))
  const [ofA, ofB, ofC] = pages as [Page, Page, Page]

  await approveHospital(ofA, b.name)
  await approveHospital(ofA, c.name)
  await approveHospital(ofB, a.name)
  await approveHospital(ofC, a.name)
  // who was introduced is approved like any other
  await approveHospital(ofB, c.name)
  await approveHospital(ofC, b.name)

  const file = join(a.folder, 'heart.study')
  const terms = ['--template', 'heart-disease', '--with', `${b.name},${c.name}`, '--units', '180', '--rounds', '6']
  await works(t, 'study', 'new', ...terms, '--epsilon', '8', '--delta', '1e-4', '--data', a.folder, '--out', file)
  await works(t, 'study', 'propose', file, '--data', a.folder)
  for (const [at, hospital] of hospitals.entries()) {
    await eventually(async () => (await studiesOf(t, hospital)).length === 1)
    const { study } = (await studiesOf(t, hospital))[0]!
    await mkdir(hospital.records)
    await writeFile(join(hospital.records, 'rows.csv'), rowsText(at))
    await works(
      t,
      'data',
      'add',
      'heart',
      hospital.records,
      '--contract',
      study.slice(0, 12),
      '--data',
      hospital.folder,
    )
  }
  for (const page of pages) {
    await page.reload()
    await page
      .getByText(/When a hospital is absent|What it costs in privacy/)
      .first()
      .waitFor({ state: 'attached' })
    await page.getByLabel('Your data set for it:').selectOption('heart')
    await page.getByRole('button', { name: /Approve the study/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click()
  }
  await until(a, nodes[0]!, ({ round, phase }) => round > 2 || phase === 'finished')

  // one is stopped and started in the middle, or after the end: it goes on
  await works(t, 'stop', '--data', b.folder)
  nodes[1] = startProcess(t, b.folder)
  const ends = await Promise.all(
    hospitals.map((site, at) => until(site, nodes[at]!, ({ phase }) => phase === 'finished')),
  )
  t.is(new Set(ends.map(({ checkpoint }) => checkpoint)).size, 1)
  await ofC
    .getByText(/finished/)
    .first()
    .waitFor()
  for (const { folder } of hospitals) {
    t.like(JSON.parse(await works(t, 'privacy', 'verify', '--data', folder, '--json')), { verified: true, charges: 6 })
  }
})

async function isUp({ http }: Newcomer): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${http}/livez`).then(
    ({ ok }) => ok,
    () => false,
  )
}
