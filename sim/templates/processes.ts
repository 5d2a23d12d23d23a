/**
 * A template's study as hospitals run it: four processes, from `init` to `evaluate`, by the product's own commands.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { DataCheck } from '../../node/datasets/check.ts'
import type { SourceFiles } from '../../node/datasets/read-source.ts'
import type { Metrics } from '../../node/evaluation/metrics.ts'
import type { NodeStatus } from '../../node/http/status.ts'
import type { TemplateName } from '../../node/study/templates.ts'
import { type Ending, endedEarly, type NodeProcess, runCommand, startNode } from '../processes/child.ts'
import { siteName } from '../processes/node-process.ts'
import { freePorts } from '../processes/ports.ts'

export interface ProcessesRow {
  readonly template: TemplateName
  readonly epsilon: number
  /** records that the hospitals train on */
  readonly units: number
  readonly rounds: number
  /** names of the hospitals' checkpoints: all the same */
  readonly checkpoints: readonly string[]
  /** test records of all hospitals */
  readonly test: number
  /** mean of the hospitals' own; NaN where one has test records of one class only */
  readonly auc: number
  /** of all test records */
  readonly accuracy: number
  readonly constant: number
}

export interface ProcessesInit {
  /** each hospital's records */
  readonly sources: readonly SourceFiles[]
  /** an empty folder */
  readonly root: string
  /** fewer than the template's, for a test */
  readonly rounds?: number
}

interface Site {
  readonly name: string
  readonly folder: string
  readonly log: string
  readonly http: number
  readonly peer: string
  readonly address: string
  readonly source: SourceFiles
}

/** Name of the data set at each hospital. */
const DATASET = 'sample'
const POLL_MS = 200

/** Runs a template's study to its end. @throws ChildError with what a command or a node said when it failed */
export async function runTemplate(template: TemplateName, init: ProcessesInit): Promise<ProcessesRow> {
  const { sources, root, rounds } = init
  const sites = await createSites(sources, root)
  const spec = join(root, 'spec.toml')
  await writeFile(spec, await runCommand(['study', 'new', '--template', template, '--print']))
  const counts = await Promise.all(sites.map(site => addData(site, spec)))
  // the template's own number is that of all sample data, with what is only measured on
  const units = counts.reduce((sum, count) => sum + count, 0)
  const study = join(root, 'template.study')
  const hospitals = sites.flatMap(({ name, peer, address }) => ['--hospital', `${name}=${peer}@${address}`])
  const changes = ['--units', String(units), ...(rounds === undefined ? [] : ['--rounds', String(rounds)])]
  const founder = ['--data', sites[0]!.folder, '--out', study, '--json']
  const made = await runCommand(['study', 'new', '--template', template, ...hospitals, ...changes, ...founder])
  const { document } = JSON.parse(made)
  for (const { folder } of sites) {
    await runCommand(['study', 'approve', study, '--data', folder, '--dataset', DATASET])
  }
  const { checkpoints, rounds: done } = await trained(sites)
  const measured = await measuredAt(sites)
  return { template, epsilon: document.privacy.epsilon, units, rounds: done, checkpoints, ...measured }
}

async function createSites(sources: readonly SourceFiles[], root: string): Promise<Site[]> {
  const ports = await freePorts(2 * sources.length)
  return await Promise.all(
    sources.map(async (source, at): Promise<Site> => {
      const [folder, name] = [join(root, `hospital-${at}`), siteName(at)]
      const [listen, http] = [`/ip4/127.0.0.1/tcp/${ports[2 * at]}`, ports[2 * at + 1]!]
      const network = ['--listen', listen, '--http-port', String(http)]
      await runCommand(['init', '--data', folder, '--site', name, ...network])
      const peer = (await runCommand(['id', '--data', folder])).trim()
      return { name, folder, log: join(root, `hospital-${at}.log`), http, peer, address: listen, source }
    }),
  )
}

/** Reads a hospital's files. @returns records to train on */
async function addData({ folder, source }: Site, contract: string): Promise<number> {
  const { path, list, columns, names } = source
  const renamed = Object.entries(columns).map(([key, name]) => `${key}=${name}`)
  const known = [
    ...(list === null ? [] : ['--list', list]),
    ...(renamed.length === 0 ? [] : ['--columns', renamed.join(',')]),
    ...(names === null ? [] : ['--names', names]),
  ]
  const said = await runCommand([
    'data',
    'add',
    DATASET,
    path,
    '--contract',
    contract,
    ...known,
    '--data',
    folder,
    '--json',
  ])
  const { splits } = JSON.parse(said) as DataCheck
  return splits.find(({ name }) => name === 'train')?.records ?? 0
}

/** Starts all nodes and stops them when all have finished. @throws ChildError when one ends before */
async function trained(sites: readonly Site[]): Promise<{ checkpoints: string[]; rounds: number }> {
  const nodes = sites.map(({ folder, log }) => startNode({ folder, log }))
  try {
    const last = await Promise.all(sites.map((site, at) => finished(site, nodes[at]!)))
    return { checkpoints: last.map(({ checkpoint }) => checkpoint ?? ''), rounds: last[0]!.round }
  } finally {
    for (const node of nodes) node.signal('SIGTERM')
    await Promise.all(nodes.map(({ ended }) => ended))
  }
}

async function finished({ name, http, log }: Site, node: NodeProcess): Promise<NodeStatus> {
  let ending: Ending | undefined
  node.ended.then(how => {
    ending = how
  })
  for (;;) {
    const status = await statusAt(http)
    if (status?.phase === 'finished') return status
    if (ending !== undefined) throw await endedEarly(name, ending, log)
    await setTimeout(POLL_MS)
  }
}

async function statusAt(http: number): Promise<NodeStatus | undefined> {
  try {
    return (await (await fetch(`http://127.0.0.1:${http}/v1/status`)).json()) as NodeStatus
  } catch {
    return undefined
  }
}

async function measuredAt(
  sites: readonly Site[],
): Promise<Pick<ProcessesRow, 'test' | 'auc' | 'accuracy' | 'constant'>> {
  const each: (Omit<Metrics, 'auc'> & { auc: number | null })[] = []
  for (const { folder } of sites) {
    each.push(JSON.parse(await runCommand(['evaluate', '--data', folder, '--dataset', DATASET, '--json'])))
  }
  const test = each.reduce((sum, { count }) => sum + count, 0)
  const support = each[0]!.support.map((_, label) => each.reduce((sum, one) => sum + one.support[label]!, 0))
  return {
    test,
    auc: each.reduce((sum, { auc }) => sum + (auc ?? Number.NaN), 0) / each.length,
    accuracy: each.reduce((sum, { accuracy, count }) => sum + accuracy * count, 0) / test,
    constant: Math.max(...support) / test,
  }
}
