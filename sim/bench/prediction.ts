/**
 * Time of a private prediction beside one where the model is: over loopback, and over lines that are 40 ms long in each
 * direction. Client and hospitals share one process.
 *
 * @module
 */

import { randomBytes, randomFillSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from '../../crypto/signature.ts'
import { systemClock } from '../../node/clock.ts'
import type { Dataset } from '../../node/datasets/dataset.ts'
import { createHost } from '../../node/network/libp2p-host.ts'
import { linearHead } from '../../node/prediction/via/linear-head.ts'
import type { OpenedPass } from '../../node/prediction/via/pass-file.ts'
import { PredictionService } from '../../node/prediction/via/prediction-service.ts'
import { PrivateScorer } from '../../node/prediction/via/private-scorer.ts'
import { ViaClient } from '../../node/prediction/via/via-client.ts'
import { peerIdString } from '../../node/storage/identity.ts'
import { studyFolder } from '../../node/storage/round-files.ts'
import { loadBackend } from '../../node/training/backend.ts'
import { openScorer } from '../../node/training/scorer.ts'
import { hex } from '../../protocols/immutable.ts'
import { checkpointHash, encodeCheckpoint, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { issuePass } from '../../protocols/prediction/client-pass.ts'
import { PREDICTION_PROTOCOL } from '../../protocols/prediction/messages.ts'
import { studyIdOf, validateStudy } from '../../protocols/study/document.ts'
import { studyOf } from './aggregation.ts'

const FEATURES = 784
const CLASSES = 2
const DELAY_MS = 40
const REPEATS = 15

export interface PredictionRow {
  readonly hospitals: number
  /** of the line, in each direction */
  readonly delayMs: number
  readonly records: number
  /** ms, medians: by hospitals, and by the model in this process */
  readonly privateMs: number
  readonly plainMs: number
  /** between the probabilities of both */
  readonly largestError: number
}

/** Measures all cases, one after the other. */
export async function benchPrediction(): Promise<PredictionRow[]> {
  const rows: PredictionRow[] = []
  for (const hospitals of [3, 4]) {
    for (const delayMs of [0, DELAY_MS]) rows.push(...(await benchOne({ hospitals, delayMs })))
  }
  return rows
}

async function benchOne({ hospitals, delayMs }: { hospitals: number; delayMs: number }): Promise<PredictionRow[]> {
  const base = await mkdtemp(join(tmpdir(), 'confrere-prediction-'))
  const cleanups: (() => Promise<void>)[] = []
  try {
    const pass = await served(base, { hospitals, delayMs, cleanups })
    const client = await ViaClient.open(pass)
    cleanups.push(() => client.close())
    const rng = (target: Uint8Array): void => void randomFillSync(target)
    const asked = await PrivateScorer.open({ pass, client, rng, tell() {} })
    const backend = await loadBackend()
    const parameters = weights()
    const model = openScorer({ backend, document: pass.document, parameters })
    const rows: PredictionRow[] = []
    for (const records of [1, 16]) {
      const dataset = datasetOf(records)
      const plainMs = await medianMs(() => model.score(dataset))
      const privateMs = await medianMs(() => asked.score(dataset))
      const [a, b] = [(await asked.score(dataset)).probabilities, model.score(dataset).probabilities]
      const largestError = a.reduce((most, one, at) => Math.max(most, Math.abs(one - b[at]!)), 0)
      rows.push({ hospitals, delayMs, records, privateMs, plainMs, largestError })
    }
    model.dispose()
    return rows
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
    await rm(base, { recursive: true, force: true })
  }
}

/** Weights that are the same in every run; the bias is 0. */
function weights(): Float32Array {
  return Float32Array.from({ length: (FEATURES + 1) * CLASSES }, (_, at) =>
    at < FEATURES * CLASSES ? Math.sin(at) / 8 : 0,
  )
}

function datasetOf(count: number): Dataset {
  const inputs = Float32Array.from({ length: count * FEATURES }, (_, at) => Math.cos(at))
  return { count, shape: [FEATURES], inputs, labels: new Int32Array(count) }
}

async function medianMs(work: () => unknown): Promise<number> {
  await work()
  const times: number[] = []
  for (let run = 0; run < REPEATS; run++) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[REPEATS >> 1]!
}

interface Serving {
  readonly hospitals: number
  readonly delayMs: number
  readonly cleanups: (() => Promise<void>)[]
}

/** Starts hospitals with one checkpoint, and makes a pass for them. */
async function served(base: string, { hospitals, delayMs, cleanups }: Serving): Promise<OpenedPass> {
  const identities = Array.from({ length: hospitals }, () => {
    const seed = new Uint8Array(randomBytes(32))
    const signer = createSigner(seed)
    return { seed, signer, peer: peerIdString(signer.id) }
  }).sort((a, b) => Buffer.compare(a.signer.id, b.signer.id))
  const document = validateStudy({
    ...studyOf(CLASSES * (FEATURES + 1), 1),
    profile: hospitals === 3 ? 'crash' : 'byzantine',
    hospitals: identities.map(({ signer }, at) => ({ id: signer.id, name: `Hospital ${at + 1}`, addresses: [] })),
  })
  const study = hex(studyIdOf(document))
  const checkpoint = { ...initialCheckpoint(document), round: 1, average: weights() }
  const bytes = encodeCheckpoint(checkpoint)
  const hash = hex(checkpointHash(bytes))
  const addresses: string[] = []
  for (const [at, identity] of identities.entries()) {
    const folder = join(base, String(at))
    const checkpoints = join(studyFolder(folder, study), 'checkpoints')
    await mkdir(checkpoints, { recursive: true })
    await writeFile(join(checkpoints, hash), bytes)
    await writeFile(join(checkpoints, 'newest.json'), JSON.stringify({ study, round: 1, hash }))
    const service = new PredictionService({
      ...{ folder, identity, perHour: 1e6, now: Date.now, clock: systemClock, log: { info() {} } },
      study: () => ({ document, peers: identities.map(({ peer }) => peer) }),
    })
    const quiet = { announce: [], bootstrap: [], mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
    const host = await createHost(
      { ...quiet, transport: 'tcp', seed: identity.seed },
      { admits: peer => service.admits(peer), allows: (_, protocol) => protocol === PREDICTION_PROTOCOL },
    )
    await service.start(host)
    await host.start()
    cleanups.push(() => host.stop())
    const port = Number(/\/tcp\/(\d+)/.exec(host.addresses()[0]!)![1])
    addresses.push(`/ip4/127.0.0.1/tcp/${delayMs === 0 ? port : await longLine(port, delayMs, cleanups)}`)
  }
  const seed = new Uint8Array(randomBytes(32))
  const head = linearHead(document, checkpoint)
  const pass = issuePass(identities[0]!.signer, {
    ...{ study: studyIdOf(document), client: createSigner(seed).id, checkpoint: checkpointHash(bytes), round: 1 },
    ...{ normalisation: head.normalisation, weightNorm: head.weightNorm, expires: Date.now() + 3600_000 },
  })
  const places = document.hospitals.map(({ id, name }, at) => ({
    ...{ id, name, peer: peerIdString(id), addresses: [addresses[at]!] },
  }))
  return { seed, pass, document, study, normalisation: new Float32Array(0), hospitals: places }
}

/** A line to a port, on which every byte arrives so much later. @returns its port */
async function longLine(port: number, delayMs: number, cleanups: (() => Promise<void>)[]): Promise<number> {
  const open = new Set<Socket>()
  const server: Server = createServer(near => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from.setNoDelay(true))
      from.on('data', bytes => setTimeout(() => to.write(bytes), delayMs))
      from.on('close', () => setTimeout(() => to.destroy(), delayMs))
      from.on('error', () => {})
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(async () => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
