/** Hospitals as real processes: their data folders, their studies, and their nodes' status. @module */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { NodeStatus } from '../../../node/http/status.ts'
import type { RoundRecord } from '../../../node/storage/round-record.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { drawPhantoms } from '../../../sim/demo/phantom.ts'
import { freePort, type NodeProcess, works } from '../cli.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { specText } from './study-spec.ts'

const HOSPITALS = 4
const RECORDS = 60

export interface Site {
  readonly folder: string
  readonly peer: string
  readonly port: number
  readonly http: number
  /** file of its records */
  readonly records: string
}

async function writeRecords(file: string, label: string): Promise<void> {
  const { values, labels } = drawPhantoms({ count: RECORDS, label })
  const arrays = {
    train_images: { values, shape: [RECORDS, 28, 28] },
    train_labels: { values: labels, shape: [RECORDS, 1] },
  }
  await writeFile(file, encodeNpz(arrays))
}

/** Four data folders with records. */
export async function createSites(t: ExecutionContext): Promise<Site[]> {
  const root = await temporaryFolder(t)
  const sites: Site[] = []
  for (let i = 0; i < HOSPITALS; i++) {
    const folder = join(root, `hospital-${i}`)
    const npz = join(root, `records-${i}.npz`)
    await writeRecords(npz, `hospital ${i}`)
    const [port, http] = [await freePort(), await freePort()]
    const listen = `/ip4/127.0.0.1/tcp/${port}`
    const first = sites[0]
    const bootstrap = first ? ['--bootstrap', `/ip4/127.0.0.1/tcp/${first.port}/p2p/${first.peer}`] : []
    const options = ['--npz', npz, '--listen', listen, '--http-port', String(http), ...bootstrap]
    await works(t, 'init', '--data', folder, '--site', `Hospital ${i}`, ...options)
    sites.push({ folder, port, http, records: npz, peer: (await works(t, 'id', '--data', folder)).trim() })
  }
  return sites
}

/** Founds a study that all sites approve, with some lines of its spec changed. Returns its id. */
export async function foundStudy(
  t: ExecutionContext,
  sites: readonly Site[],
  changes: Record<string, string>,
  approving: readonly Site[] = sites,
): Promise<string> {
  const root = await temporaryFolder(t)
  const [spec, study] = [join(root, 'spec.toml'), join(root, 'spec.study')]
  const text = specText(
    sites.map(site => site.peer),
    { shape: 'shape = [28, 28, 1]', units: `units = ${RECORDS * sites.length}`, ...changes },
  )
  await writeFile(spec, text)
  const [founder] = sites as [Site]
  await works(t, 'study', 'new', spec, '--out', study, '--data', founder.folder)
  for (const { folder } of approving) await works(t, 'study', 'approve', study, '--data', folder)
  return JSON.parse(await works(t, 'study', 'show', study, '--json')).study
}

export async function fetchJson<T>({ http }: Site, path: string): Promise<T | undefined> {
  try {
    return (await (await fetch(`http://127.0.0.1:${http}${path}`)).json()) as T
  } catch {
    return undefined
  }
}

const studyQuery = (study: string): string => (study === '' ? '' : `?study=${study}`)

/** @param study hex id; '' is the one that the node shows first */
export const statusOf = (site: Site, study = '') => fetchJson<NodeStatus>(site, `/v1/status${studyQuery(study)}`)
export const roundsOf = (site: Site, study = '') => fetchJson<RoundRecord[]>(site, `/v1/rounds${studyQuery(study)}`)

/** Polls a site until a condition holds; a node that ended stops the wait. */
export async function until(
  site: Site,
  process: NodeProcess,
  condition: (status: NodeStatus) => boolean,
  study = '',
): Promise<NodeStatus> {
  for (;;) {
    const status = await statusOf(site, study)
    if (status !== undefined && condition(status)) return status
    if (process.child.exitCode !== null) throw new Error(`the node ended: ${process.log()}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
