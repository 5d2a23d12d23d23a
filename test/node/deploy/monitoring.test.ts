// Claims of node/deploy/prometheus and node/deploy/grafana: every metric and label that they name is in the table, each
// alert has a remedy and two tests, and promtool passes all of it.

import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { LABELS, METRICS, type MetricRow } from '../../../node/metrics/table.ts'

const DEPLOY = join(import.meta.dirname, '../../../node/deploy')
const ALERTS = join(DEPLOY, 'prometheus/alerts.yml')
const ALERTS_TEST = join(import.meta.dirname, 'alerts-test.yml')
/** Labels that Prometheus adds to every series. */
const SCRAPE_LABELS = ['instance', 'job', 'le']

/** What expressions name that the table does not have. */
function unknownNames(text: string): string[] {
  const table: Readonly<Record<string, MetricRow>> = METRICS
  const unknown: string[] = []
  for (const [, name, labels = ''] of text.matchAll(/\b(confrere_\w+)(?:\{([^}]*)\})?/g)) {
    const row = table[name!] ?? table[name!.replace(/_(bucket|sum|count)$/, '')]
    if (row === undefined) unknown.push(name!)
    for (const [, label, value] of labels.matchAll(/(\w+)=~?\\?"([^"\\]*)/g)) {
      const closed: readonly string[] | null = LABELS[label as keyof typeof LABELS] ?? null
      const known = SCRAPE_LABELS.includes(label!) || (row?.labels as readonly string[])?.includes(label!)
      if (!known) unknown.push(`${name}{${label}}`)
      else if (closed !== null && !closed.includes(value!)) unknown.push(`${name}{${label}="${value}"}`)
    }
  }
  return unknown
}

/** Names of alerts, in order; the file is ours and has one per line. */
function alertNames(text: string): string[] {
  return [...text.matchAll(/^ {6}- alert: (\w+)$/gm)].map(([, name]) => name!)
}

test('dashboard and alerts name no metric, label or value that the table does not have', async t => {
  for (const file of ['prometheus/alerts.yml', 'grafana/confrere.json'])
    t.deepEqual(unknownNames(await readFile(join(DEPLOY, file), 'utf8')), [], file)
  t.deepEqual(
    unknownNames('confrere_nothing + confrere_ready{peer="x"} + confrere_study_phase{study=~"$study", phase="odd"}'),
    ['confrere_nothing', 'confrere_ready{peer}', 'confrere_study_phase{phase="odd"}'],
  )
})

test('every metric is on the dashboard, apart from the time of the start', async t => {
  const dashboard = await readFile(join(DEPLOY, 'grafana/confrere.json'), 'utf8')
  t.deepEqual(
    Object.keys(METRICS).filter(name => !dashboard.includes(name)),
    ['confrere_start_time_seconds'],
  )
})

test('panels of the dashboard lie apart from each other and say what they show', async t => {
  const { panels } = JSON.parse(await readFile(join(DEPLOY, 'grafana/confrere.json'), 'utf8'))
  const taken = new Set<string>()
  for (const { title, description, gridPos } of panels) {
    t.true(description.length > 10, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        t.true(x < 24 && !taken.has(`${x}/${y}`), title)
        taken.add(`${x}/${y}`)
      }
  }
})

test('each alert has a remedy, and a test of when it fires and when it does not', async t => {
  const alerts = await readFile(ALERTS, 'utf8')
  const tests = await readFile(ALERTS_TEST, 'utf8')
  const names = alertNames(alerts)
  t.true(names.length >= 10)
  t.is(alerts.match(/^ {10}remedy: '.{30,}\.'$/gm)?.length, names.length)
  for (const name of names) {
    const outcomes = [...tests.matchAll(new RegExp(`alertname: ${name}\n {8}exp_alerts:(.*)$`, 'gm'))]
    t.true(outcomes.some(([, rest]) => rest === '') && outcomes.some(([, rest]) => rest === ' []'), name)
  }
})

const promtool = spawnSync('promtool', ['--version']).error === undefined
const checked = promtool ? test : test.skip

checked(`promtool passes config, rules and their tests${promtool ? '' : ' (skipped: no promtool)'}`, t => {
  const runs = [
    ['check', 'config', join(DEPLOY, 'prometheus/prometheus.yml')],
    ['check', 'rules', ALERTS],
    ['test', 'rules', ALERTS_TEST],
  ]
  for (const args of runs) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
    t.is(status, 0, `${args.join(' ')}: ${stdout}${stderr}`)
  }
})
