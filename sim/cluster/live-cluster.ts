/**
 * Real nodes in one process: the daemon's parts over the memory transport (or TCP on loopback), each with its own disk
 * folder, with given updates in place of training. For tests and benchmarks.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from '../../crypto/signature.ts'
import { createNode, type StudyNode } from '../../node/daemon/study-node.ts'
import { createLogger, type LogLevel } from '../../node/log.ts'
import { HelloDesk } from '../../node/network/hello-desk.ts'
import { createHost } from '../../node/network/libp2p-host.ts'
import type { HostInit, NetworkHost } from '../../node/network/network.ts'
import { EvidenceFolder } from '../../node/storage/evidence-folder.ts'
import { type Identity, peerIdString } from '../../node/storage/identity.ts'
import { openStore } from '../../node/storage/store.ts'
import type { Trainer } from '../../node/training/trainer.ts'
import { createWorkerCalls } from '../../node/worker/worker-calls.ts'
import { inPlaceWorker, type WorkerClient } from '../../node/worker/worker-client.ts'
import { hex } from '../../protocols/immutable.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import { encodeStudy, studyIdOf, validateStudy } from '../../protocols/study/document.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'

export interface LiveClusterOptions {
  readonly transport?: 'memory' | 'tcp'
  /** the study without its hospitals */
  readonly study: Omit<StudyDocument, 'hospitals'>
  /** a hospital's update in a round, before quantisation; called in the order of rounds */
  readonly clippedSum: (member: Member, parameters: Float32Array) => Float64Array
  readonly logLevel?: LogLevel
  /** number of identities that the study does not name; they are the last ones, and `start` starts them */
  readonly newcomers?: number
  /** wraps a member's worker, so that a test can watch or change its calls */
  readonly worker?: (member: Member, given: WorkerClient) => WorkerClient
  /** over TCP: members that listen nowhere, as behind NAT; never member 0, whose address the others know */
  readonly hidden?: ReadonlySet<Member>
  /** members that run another study of the same hospitals, by what is different in it */
  readonly elsewhere?: ReadonlyMap<Member, Partial<StudyDocument>>
}

export interface LiveCluster {
  readonly document: StudyDocument
  readonly identities: readonly Identity[]
  /** a node's addresses, as in a roster */
  addresses(member: Member): string[]
  /** the data folder of each */
  readonly folders: readonly string[]
  readonly nodes: (StudyNode | undefined)[]
  /** errors that stopped a node */
  readonly failures: unknown[]
  start(member: Member): Promise<StudyNode>
  stop(member: Member): Promise<void>
  /** resolves when all running nodes have finished the study */
  finished(): Promise<void>
  close(): Promise<void>
}

function createIdentities(count: number): Identity[] {
  const identities = Array.from({ length: count }, () => {
    const seed = new Uint8Array(randomBytes(32))
    const signer = createSigner(seed)
    return { seed, signer, peer: peerIdString(signer.id) }
  })
  return identities.sort((a, b) => Buffer.compare(a.signer.id, b.signer.id))
}

function trainerOf(member: Member, clippedSum: LiveClusterOptions['clippedSum']): Trainer {
  return {
    dimension: 0,
    engine: 'given',
    clippedSum: ({ parameters }) => clippedSum(member, parameters),
    statisticsSum: () => new Float64Array(0),
    evaluationSum: () => new Float64Array(0),
    tableSum: () => new Float64Array(0),
    repeatedRecords: 0,
    recordCounts: { records: 0, patients: null },
    units: 0,
    sumOfLargest() {},
    dispose: () => {},
  }
}

/** Resolves when all running nodes have finished the study. @throws what stopped a node */
async function untilFinished(nodes: readonly (StudyNode | undefined)[], failures: readonly unknown[]): Promise<void> {
  const over = () => nodes.every(node => node === undefined || node.status().phase === 'finished')
  while (!over()) {
    if (failures.length > 0) throw failures[0]
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function removeAfter(stopped: Promise<unknown>, folder: string): Promise<void> {
  await stopped
  await rm(folder, { recursive: true, force: true })
}

/** What a node stands on. */
async function startHost(init: Omit<HostInit, 'announce' | 'mdns'>): Promise<{ host: NetworkHost; hellos: HelloDesk }> {
  const host = await createHost({ ...init, announce: [], mdns: false })
  const hellos = new HelloDesk(host)
  await hellos.start()
  await host.start()
  return { host, hellos }
}

/** Creates n nodes and starts them all. */
export async function createLiveCluster(count: number, options: LiveClusterOptions): Promise<LiveCluster> {
  const {
    transport = 'memory',
    study,
    clippedSum,
    logLevel = 'silent',
    newcomers = 0,
    elsewhere,
    hidden,
    worker = (_, given) => given,
  } = options
  const identities = [...createIdentities(count), ...createIdentities(newcomers)]
  const base = await mkdtemp(join(tmpdir(), 'confrere-cluster-'))
  const name = randomBytes(6).toString('hex')
  const addressOf = (member: Member) => `/memory/${name}-${member}`
  const document = validateStudy({
    ...study,
    hospitals: identities.slice(0, count).map(({ signer }, member) => ({
      id: signer.id,
      name: `Hospital ${member + 1}`,
      addresses: transport === 'memory' ? [addressOf(member)] : [],
    })),
  })
  const nodes: (StudyNode | undefined)[] = identities.map(() => undefined)
  const failures: unknown[] = []
  /** what each node stands on */
  const closing: ((() => Promise<void>) | undefined)[] = []
  const log = createLogger({ level: logLevel })

  async function start(member: Member): Promise<StudyNode> {
    const folder = join(base, String(member))
    await mkdir(folder, { recursive: true })
    const own = validateStudy({ ...document, ...elsewhere?.get(member) })
    const store = await openStore(folder, studyIdOf(own))
    const calls = createWorkerCalls({ folder, document: encodeStudy(own) }, trainerOf(member, clippedSum))
    const known = nodes.find(node => node !== undefined)?.network.addresses() ?? []
    const { host, hellos } = await startHost({
      seed: (identities[member] as Identity).seed,
      transport,
      listen: hidden?.has(member) ? [] : [transport === 'memory' ? addressOf(member) : '/ip4/127.0.0.1/tcp/0'],
      bootstrap: transport === 'tcp' ? known : [],
      datastore: store.datastore(),
    })
    closing[member] = () => host.stop().then(() => store.close())
    const evidence = new EvidenceFolder(folder, hex(studyIdOf(own)))
    const node = await createNode(
      {
        document: own,
        identity: identities[member] as Identity,
        site: `Hospital ${member + 1}`,
        requiredPeers: [],
        epsilonMax: Infinity,
      },
      {
        ...{ host, hellos, store },
        evidence,
        worker: worker(member, inPlaceWorker(calls)),
        log: log.child({ member }),
        fatal: error => failures.push(error),
      },
    )
    nodes[member] = node
    return node
  }

  async function stop(member: Member): Promise<void> {
    const node = nodes[member]
    nodes[member] = undefined
    await node?.stop()
    await closing[member]?.()
    closing[member] = undefined
  }

  for (let member = 0; member < count; member++) await start(member)
  return {
    document,
    identities,
    addresses: member => (transport === 'memory' ? [addressOf(member)] : []),
    folders: identities.map((_, member) => join(base, String(member))),
    nodes,
    failures,
    start,
    stop,
    finished: () => untilFinished(nodes, failures),
    close: () => removeAfter(Promise.all(nodes.map((_, member) => stop(member))), base),
  }
}
