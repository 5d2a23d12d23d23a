// Claims of node/evaluation/report: the page says what was found and what it cannot say, escapes names, asks for nothing, and
// a real Chromium shows it light, dark, narrow and on paper without anything serious for axe; the JSON is valid.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import type { Browser, Page } from 'playwright-core'
import { type EvaluationQuestion, evaluateSample } from '../../../node/evaluation/evaluate-sample.ts'
import { evaluationJson } from '../../../node/evaluation/report/json.ts'
import { evaluationPage } from '../../../node/evaluation/report/page.ts'
import type { EvaluationReport } from '../../../node/evaluation/report/source.ts'
import { findChromium, startChromium } from '../../../sim/bench/browser.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { scoredSample } from './scored-sample.ts'

const AXE = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'))
const ABOUT = {
  ...{
    study: 'Lungs <b>',
    studyId: 'ab'.repeat(32),
    checkpoint: 'cd'.repeat(32),
    round: 12,
    data: 'xray',
    split: 'test',
  },
  ...{ written: '2026-03-01T12:00:00.000Z', version: '1.0.0', unmatched: [4, 9] },
}

function reportOf(question: Partial<EvaluationQuestion> = {}): EvaluationReport {
  const sample = scoredSample('page', { count: 100, distance: 1.5 })
  const readers = ['Dr. <i>A', 'Dr. B'].map((name, at) => {
    return { name, readings: sample.labels.map((label, record) => (record % (5 + at) === 0 ? 1 - label : label)) }
  })
  const groups = Array.from({ length: 100 }, (_, at) => (at < 12 ? '<u>young' : at < 95 ? 'old' : null))
  const asked: EvaluationQuestion = {
    ...{ sample, rule: { kind: 'youden' }, readers, groupings: [{ column: 'age', groups }] },
    ...question,
  }
  return { about: ABOUT, findings: evaluateSample(asked, { rng: seededRng('page'), resamples: 100 }) }
}

let browser: Promise<Browser> | undefined
test.after.always(async () => (await browser)?.close())

async function opened(t: ExecutionContext, page: string, init: { width: number; colorScheme: 'light' | 'dark' }) {
  const file = join(await temporaryFolder(t), 'report.html')
  await writeFile(file, page)
  browser ??= startChromium()
  const { width, colorScheme } = init
  const context = await (await browser).newContext({ colorScheme, viewport: { width, height: 900 } })
  t.teardown(() => context.close())
  const shown = await context.newPage()
  const asked: string[] = []
  shown.on('request', request => void asked.push(request.url()))
  const url = pathToFileURL(file).href
  await shown.goto(url)
  return { shown, asked, url }
}

async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'))
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[]
  }
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1000, 400]) {
    const claim = `axe finds nothing, nothing is asked for elsewhere, nothing overflows: ${colorScheme}, ${width} pixels`
    const run = findChromium() === null ? test.skip : test.serial
    run(claim, async t => {
      const { shown, asked, url } = await opened(t, evaluationPage(reportOf()), { width, colorScheme })
      t.deepEqual(await faultsOf(shown), [])
      t.deepEqual(asked, [url])
      t.is(await shown.evaluate('document.documentElement.scrollWidth'), width)
      t.is(await shown.getByRole('heading', { level: 1 }).count(), 1)
      t.is(await shown.getByRole('img').count(), 3)
    })
  }
}

const onPaper = findChromium() === null ? test.skip : test.serial
onPaper('it prints on A4, in dark colours too, and fits the paper', async t => {
  const { shown } = await opened(t, evaluationPage(reportOf()), { width: 700, colorScheme: 'dark' })
  const pdf = await shown.pdf({ format: 'A4' })
  t.is(pdf.subarray(0, 5).toString(), '%PDF-')
  await shown.emulateMedia({ media: 'print', colorScheme: 'dark' })
  t.true(Number(await shown.evaluate('document.documentElement.scrollWidth')) <= 720)
  t.is(await shown.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)')
  t.is(await shown.evaluate('getComputedStyle(document.body).color'), 'rgb(28, 36, 48)')
})

test('the page says what it is about and what it is not, and escapes what others have named', t => {
  const page = evaluationPage(reportOf())
  for (const text of [
    /Research tool, not a medical device/,
    /No epsilon of the study covers them/,
    /Lungs &lt;b&gt;/,
    /Dr\. &lt;i&gt;A/,
    /&lt;u&gt;young/,
    /(?:cd){32}/,
    /2026-03-01T12:00:00\.000Z/,
    /threshold was chosen on these same records \(youden\)/,
    /2 rows of the list of readings name no record/,
    /few: only 12 records/,
    /not stated/,
  ]) {
    t.regex(page, text)
  }
  t.notRegex(page, /<script|<b>|<i>|<u>|https?:|NaN|undefined/)
})

test('records without a score, and a class without records, are said first', t => {
  const { sample } = { sample: scoredSample('page', { count: 60, distance: 1 }) }
  const scores = sample.scores.slice()
  scores[11] = Number.NaN
  const rule = { kind: 'score', value: 0.5 } as const
  const page = evaluationPage(reportOf({ sample: { ...sample, scores }, rule, readers: [], groupings: [] }))
  t.regex(page, /score of 1 record is no number; all figures are of the other 59 of 60\. .*: 5\. Check/)
  const healthy = { ...sample, labels: new Int32Array(60) }
  const one = evaluationPage(reportOf({ sample: healthy, rule, readers: [], groupings: [] }))
  t.regex(one, /No record is of the class &quot;ill&quot;/)
  t.regex(one, /cannot be said from these records/)
  t.notRegex(one, /NaN/)
})

test('the JSON has a version, the notice, and null for what is not defined', t => {
  const json = JSON.parse(evaluationJson(reportOf()))
  t.is(json.schemaVersion, 1)
  t.regex(json.notice, /not a medical device/)
  t.is(json.checkpoint, ABOUT.checkpoint)
  t.deepEqual(json.rule, { text: 'youden', chosenOnTheseRecords: true })
  t.is(json.analysis.classes[0].roc[0].threshold, null)
  t.true(json.analysis.overall.macroAuc.low < json.analysis.overall.macroAuc.value)
  t.is(json.readers.length, 2)
  t.deepEqual(
    json.groupings[0].subgroups.map(({ group, few }: { group: string | null; few: string | null }) => [
      group,
      few === null,
    ]),
    [
      ['<u>young', false],
      ['old', true],
      [null, false],
    ],
  )
})
