// Claims of node/metrics: the text has what the table says and the view holds, nothing that is not known, no name of
// anybody, a bounded number of series, and promtool finds nothing to object to.

import { spawnSync } from 'node:child_process'
import test from 'ava'
import { type MetricsView, renderMetrics } from '../../../node/metrics/metrics.ts'
import { LABELS, METRICS, type MetricRow, STUDIES_SHOWN_MAX } from '../../../node/metrics/table.ts'
import { METRICS_VIEW, STUDY_METRICS } from '../../helpers/metrics-view.ts'

/** Values by series, such as `name{label="value"}`. */
async function seriesOf(view: MetricsView): Promise<Map<string, number>> {
  const { text } = await renderMetrics(view)
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('the view is shown in base units', async t => {
  const series = await seriesOf(METRICS_VIEW)
  const study = 'study="0123456789ab"'
  const expected: Record<string, number> = {
    confrere_ready: 1,
    confrere_start_time_seconds: 1_700_000_000,
    confrere_event_loop_lag_seconds: 0.012,
    confrere_clock_difference_seconds: -0.25,
    'confrere_strikes_total{reason="too-slow"}': 2,
    'confrere_strikes_total{reason="bad-frame"}': 0,
    [`confrere_study_rounds_total{${study},outcome="result"}`]: 2,
    [`confrere_study_rounds_total{${study},outcome="void"}`]: 1,
    [`confrere_study_round_duration_seconds_sum{${study}}`]: 99,
    [`confrere_study_round_duration_seconds_bucket{le="5",${study}}`]: 2,
    [`confrere_study_sent_bytes_total{${study}}`]: 123,
    [`confrere_study_spent_epsilon{${study},observer="alone"}`]: 1.25,
    [`confrere_study_phase{${study},phase="voting"}`]: 1,
    [`confrere_study_phase{${study},phase="idle"}`]: 0,
    [`confrere_study_peers{${study},state="absent"}`]: 1,
  }
  for (const [name, value] of Object.entries(expected)) t.is(series.get(name), value, name)
})

test('every metric of the table is shown, and what is not known is left out instead of being 0', async t => {
  const names = (series: Map<string, number>) => new Set([...series.keys()].map(key => key.replace(/\{.*/, '')))
  const all = names(await seriesOf(METRICS_VIEW))
  for (const [name, { kind }] of Object.entries<MetricRow>(METRICS))
    t.true(all.has(kind === 'histogram' ? `${name}_count` : name), name)
  const starting = { ...STUDY_METRICS, idleMs: null, epsilon: null, records: [] }
  const nothing = { diskFreeBytes: null, clockDifferenceMs: null, account: null, studies: [starting] }
  const few = names(await seriesOf({ ...METRICS_VIEW, ...nothing }))
  const left = Object.keys(METRICS).filter(name => !few.has(name))
  t.deepEqual(left.sort(), [
    ...['confrere_account_cap_epsilon', 'confrere_account_spent_epsilon', 'confrere_clock_difference_seconds'],
    ...['confrere_disk_free_bytes', 'confrere_study_cap_epsilon', 'confrere_study_idle_seconds'],
    ...['confrere_study_round_duration_seconds', 'confrere_study_spent_epsilon'],
  ])
})

test('names end in their unit, counters in _total, and no label can hold a peer id or a name', t => {
  const unitless = ['confrere_ready', 'confrere_study_phase', 'confrere_study_round', 'confrere_study_peers']
  for (const [name, { kind, labels }] of Object.entries<MetricRow>(METRICS)) {
    const unit = kind === 'counter' ? /_(strikes|rounds|bytes)_total$/ : /_(seconds|bytes|epsilon|files|rounds)$/
    if (!unitless.includes(name)) t.regex(name, unit)
    for (const label of labels) t.true(label === 'study' || LABELS[label].length <= 20)
  }
})

test('the number of series is bounded, however many studies there are', async t => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...STUDY_METRICS, study: i.toString(16).padStart(12, '0').repeat(6) }))
  const full = await seriesOf({ ...METRICS_VIEW, studies: many(STUDIES_SHOWN_MAX) })
  const more = await seriesOf({ ...METRICS_VIEW, studies: many(STUDIES_SHOWN_MAX + 50) })
  t.is(more.size, full.size)
  t.true(full.size < 50 * STUDIES_SHOWN_MAX)
})

test('a value outside of its closed set is a bug and is not shown', async t => {
  const odd = { ...METRICS_VIEW, strikes: { 'Hospital A': 1 } } as unknown as MetricsView
  t.false((await renderMetrics(odd)).text.includes('Hospital'))
  const phase = { ...STUDY_METRICS, phase: '12D3KooW' } as unknown as typeof STUDY_METRICS
  t.false((await renderMetrics({ ...METRICS_VIEW, studies: [phase] })).text.includes('12D3KooW'))
})

test('two requests in a row give the same, and a study that is left leaves no series', async t => {
  t.deepEqual(await seriesOf(METRICS_VIEW), await seriesOf(METRICS_VIEW))
  const none = await renderMetrics({ ...METRICS_VIEW, studies: [] })
  t.false(none.text.includes('0123456789ab'))
  t.regex(none.contentType, /^text\/plain; version=0\.0\.4/)
})

const promtool = spawnSync('promtool', ['--version']).error === undefined
const checked = promtool ? test : test.skip

checked(
  `promtool has nothing to object to${promtool ? '' : ' (skipped: no promtool, Debian: prometheus)'}`,
  async t => {
    const { text } = await renderMetrics(METRICS_VIEW)
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    t.is(stdout + stderr, '')
    t.is(status, 0)
  },
)
