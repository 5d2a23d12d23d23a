/** Hospitals that serve private predictions of a study without noise: folders, checkpoint, passes, and services on libp2p. @module */

import { randomBytes, randomFillSync } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { systemClock } from '../../node/clock.ts'
import { createHost } from '../../node/network/libp2p-host.ts'
import type { NetworkHost } from '../../node/network/network.ts'
import { newPass } from '../../node/prediction/via/issue-pass.ts'
import { type OpenedPass, openPassFile } from '../../node/prediction/via/pass-file.ts'
import { PredictionService, type ServedStudy } from '../../node/prediction/via/prediction-service.ts'
import { createIdentity, type Identity, peerIdString } from '../../node/storage/identity.ts'
import { readCheckpointOf } from '../../node/storage/newest-checkpoint.ts'
import { studyFolder } from '../../node/storage/round-files.ts'
import { openStudy, sealStudy } from '../../node/storage/study-file.ts'
import { checkpointHash, encodeCheckpoint, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { PREDICTION_PROTOCOL } from '../../protocols/prediction/messages.ts'
import { studyIdOf } from '../../protocols/study/document.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { toHex } from './hex.ts'
import { seededRng } from './seeded-rng.ts'
import { type StudyChanges, testStudy } from './study/study.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface PredictionHospital {
  readonly folder: string
  readonly identity: Identity
  readonly refusals: string[]
}

export interface PredictionStudy {
  readonly document: StudyDocument
  readonly study: string
  readonly hospitals: readonly PredictionHospital[]
  /** the model that is asked, float32 */
  readonly parameters: Float32Array
  /** Puts a checkpoint of that round into the folders. */
  setRound(round: number, hospitals?: readonly PredictionHospital[]): Promise<void>
  /** Makes a pass of a hospital, from `now` on for 30 days. */
  pass(issuer: PredictionHospital, now?: number): Promise<OpenedPass>
}

/** A study, its hospitals' folders, and one checkpoint in all of them, of random weights. */
export async function predictionStudy(
  t: ExecutionContext,
  count: number,
  changes: StudyChanges = {},
): Promise<PredictionStudy> {
  const root = await temporaryFolder(t)
  const made = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const folder = join(root, `${at}`)
      await mkdir(folder)
      return { folder, identity: await createIdentity(folder), refusals: [] }
    }),
  )
  const hospitals = made.sort((a, b) => Buffer.compare(a.identity.signer.id, b.identity.signer.id))
  const document = testStudy(
    hospitals.map(({ identity }) => identity.signer),
    changes,
  )
  const study = toHex(studyIdOf(document))
  const start = initialCheckpoint(document)
  const words = new Int32Array(start.average.length)
  seededRng('weights')(new Uint8Array(words.buffer))
  const average = Float32Array.from(words, word => (2 * word) / 2 ** 31)
  const setRound = async (round: number, of: readonly PredictionHospital[] = hospitals): Promise<void> => {
    const bytes = encodeCheckpoint({ ...start, round, average })
    const hash = toHex(checkpointHash(bytes))
    for (const { folder } of of) {
      const checkpoints = join(studyFolder(folder, study), 'checkpoints')
      await mkdir(checkpoints, { recursive: true })
      await writeFile(join(checkpoints, hash), bytes)
      await writeFile(join(checkpoints, 'newest.json'), JSON.stringify({ study, round, hash }))
    }
  }
  await setRound(3)
  const bytes = sealStudy(document, hospitals[0]!.identity.signer)
  const verified = openStudy(bytes, 'the study', { noiseOff: 'tests-only' })
  const pass = async ({ folder, identity }: PredictionHospital, now = Date.now()): Promise<OpenedPass> => {
    const out = join(folder, `${randomBytes(6).toString('hex')}.pass`)
    const found = await readCheckpointOf(folder, verified)
    const random = (length: number) => new Uint8Array(randomBytes(length))
    const choices = { name: 'a practice', out, days: 30, now, random, addresses: ADDRESSES }
    await newPass(folder, { identity, study: verified, found }, choices)
    return openPassFile(new Uint8Array(await readFile(out)), out, { noiseOff: 'tests-only' })
  }
  return { document, study, hospitals, parameters: average, setRound, pass }
}

/** Of the hospitals that listen, by PeerId; ids are random, so tests in one process do not meet. */
const ADDRESSES = new Map<string, readonly string[]>()

export interface ServeOptions {
  readonly perHour?: number
  readonly now?: () => number
}

/** Starts a hospital's service on a real host. */
export async function servePredictions(
  t: ExecutionContext,
  { document, study }: Pick<PredictionStudy, 'document' | 'study'>,
  { folder, identity, refusals }: PredictionHospital,
  { perHour = 100, now = Date.now }: ServeOptions = {},
): Promise<{ host: NetworkHost; service: PredictionService }> {
  const peers = document.hospitals.map(({ id }) => peerIdString(id))
  const served: ServedStudy = { document, peers }
  const log = { info: (_: object, text: string) => void refusals.push(text) }
  const service = new PredictionService({
    ...{ folder, identity, perHour, now, clock: systemClock, log: log as never },
    study: id => (id === study ? served : undefined),
  })
  const quiet = { announce: [], bootstrap: [], mdns: false }
  const host = await createHost(
    { ...quiet, transport: 'tcp', listen: ['/ip4/127.0.0.1/tcp/0'], seed: identity.seed },
    { admits: peer => service.admits(peer), allows: (_, protocol) => protocol === PREDICTION_PROTOCOL },
  )
  await service.start(host)
  await host.start()
  ADDRESSES.set(identity.peer, host.addresses())
  t.teardown(() => host.stop())
  return { host, service }
}

export const systemRng = (target: Uint8Array): void => void randomFillSync(target)
