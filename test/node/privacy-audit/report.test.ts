// Claims of the report: what a study calls itself is text and never markup, nothing is fetched from anywhere, pictures are the
// records, and what was refuted is said first.

import test from 'ava'
import { decode } from 'fast-png'
import { epsilonText } from '../../../node/privacy/epsilon-text.ts'
import { auditStudy, type StudyAudit } from '../../../node/privacy-audit/audit.ts'
import { pictureOf } from '../../../node/privacy-audit/chart.ts'
import { type ReportSource, reportPage } from '../../../node/privacy-audit/report.ts'
import { trainingRounds } from '../../../protocols/study/rounds.ts'
import { noisyStudy, phantomStudy, phantoms, rngOf, strangers, wasm } from './subjects.ts'

const HOSTILE = '<img src=//evil.example/x onerror="a()">&\''
const SOURCE: ReportSource = {
  study: 'ab'.repeat(32),
  written: '2026-01-01T00:00:00.000Z',
  split: 'train',
  heldOut: 'test',
  rounds: 3,
  charged: { rounds: 2, colluding: 1.25, model: 1, alone: null },
  finalRound: 3,
}

let audited: Promise<StudyAudit> | undefined

/** One audit of phantoms, for all tests. */
function phantomAudit(): Promise<StudyAudit> {
  audited ??= (async () => {
    const document = phantomStudy({
      hospitals: 4,
      changes: { name: HOSTILE },
      privacy: { noiseMultiplier: 3, colluders: 1 },
    })
    const dataset = phantoms(120)
    const init = { document, dataset, backend: await wasm(), rng: rngOf('report') }
    const model = { parameters: new Float32Array(1570), normalisation: new Float32Array(0) }
    const final = { model, members: dataset, others: phantoms(40) }
    return auditStudy(init, { canaries: 100, shadows: 2, roundsMax: 2, final, progress: () => {} })
  })()
  return audited
}

test('names are text, and nothing is fetched from anywhere', async t => {
  const page = reportPage(await phantomAudit(), SOURCE)
  t.true(page.includes('&lt;img src=//evil.example/x onerror=&quot;a()&quot;&gt;&amp;&#39;'))
  t.false(page.includes('<img src=//'))
  const addresses = [...page.matchAll(/(?:src|href|url\()=?"?([^"\s)>]+)/g)].map(([, address]) => address!)
  t.true(addresses.length > 20)
  t.deepEqual(
    addresses.filter(address => !address.startsWith('data:image/png;base64,') && !address.startsWith('//evil')),
    [],
  )
  t.false(/<script|@import|undefined|NaN|\[object/.test(page))
})

test('it says whose it is, what a lower bound is worth, and all three epsilons', async t => {
  const audit = await phantomAudit()
  const page = reportPage(audit, SOURCE)
  for (const epsilon of Object.values(audit.claimed)) t.true(page.includes(epsilonText(epsilon)))
  for (const words of [
    'Keep this file',
    'no proof of privacy',
    'more records',
    'a patient known to 1 / 2 / 3 hospitals',
    'a patient with 2 / 5 / 10 records here',
    'rehearsed of 3',
    'charged so far',
  ]) {
    t.true(page.includes(words), words)
  }
  t.is(trainingRounds(audit.document), 2)
  t.is(audit.final?.roc.auc, 0.5)
  t.true(page.includes('Nothing was found that contradicts the claim'))
})

test('a refuted claim is the headline', async t => {
  const audit = await phantomAudit()
  const findings = audit.canary.findings.map(finding => ({ ...finding, epsilon: 99, exceeded: true, refuted: true }))
  const page = reportPage({ ...audit, canary: { ...audit.canary, findings }, refuted: true }, SOURCE)
  t.regex(page, /<section class="verdict refuted">\s*<h2>The claim does not hold/)
  t.false(page.includes('Nothing was found that contradicts'))
})

test('studies on vectors are shown as bars; too few records are said so', async t => {
  const data = { kind: 'vector' as const, shape: [30] as [number], classes: ['no', 'yes'] }
  const init = {
    document: noisyStudy({ changes: { contract: data, rounds: 2 } }),
    backend: await wasm(),
    rng: rngOf('bars'),
  }
  const choices = { canaries: 60, shadows: 2, roundsMax: 10, final: null, progress: () => {} }
  const vectors = auditStudy({ ...init, dataset: strangers({ count: 90, length: 30, seed: 'bars' }) }, choices)
  const page = reportPage(vectors, SOURCE)
  t.true(page.includes('Records from updates') && page.includes('class="strip"') && !page.includes('<img'))
  const few = auditStudy({ ...init, dataset: strangers({ count: 10, length: 30, seed: 'few' }) }, choices)
  t.is(few.membership, null)
  t.regex(reportPage(few, SOURCE), /too few records to attack membership/)
})

test('a picture is the record, in grey or in colours; what is out of range is stretched', t => {
  const decoded = (values: number[], shape: number[]) => {
    const address = pictureOf(Float32Array.from(values), shape)
    return decode(Buffer.from(address.slice('data:image/png;base64,'.length), 'base64'))
  }
  const grey = decoded([0, 0.2, 0.4, 1], [2, 2, 1])
  t.like(grey, { width: 2, height: 2, channels: 1 })
  t.deepEqual([...grey.data], [0, 51, 102, 255])
  t.deepEqual([...decoded([1, 0, 0, 0, 0, 1], [1, 2, 3]).data], [255, 0, 0, 0, 0, 255])
  t.deepEqual([...decoded([-100, 0, 100], [1, 3, 1]).data], [0, 128, 255])
  t.deepEqual([...decoded([5, 5], [1, 2, 1]).data], [0, 0])
})
