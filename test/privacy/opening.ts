/**
 * Rounds of real worker calls: the sum over some hospitals' records, where training, noise, masks and sums are those of
 * the product, down to the files. Only the network between them is not there.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../crypto/hash.ts'
import { chunkLayout } from '../../crypto/layout.ts'
import { fromBytes, toSigned } from '../../crypto/ring.ts'
import type { Rng } from '../../crypto/rng.ts'
import type { Dataset } from '../../node/datasets/dataset.ts'
import { type Backend, loadBackend } from '../../node/training/backend.ts'
import { createTrainer } from '../../node/training/data-trainer.ts'
import { createWorkerCalls, type WorkerCalls } from '../../node/worker/worker-calls.ts'
import { hex } from '../../protocols/immutable.ts'
import type { RoundOutput, Session } from '../../protocols/secure-sum/jobs.ts'
import { encodeStudy } from '../../protocols/study/document.ts'
import { planStudy, sumIn } from '../../protocols/study/plan.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { UnitName } from '../../protocols/study/unit.ts'
import { seededRng } from '../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../helpers/study/study.ts'
import type { Finding } from './noise-statistics.ts'

export interface Check {
  readonly name: string
  /** what is claimed */
  readonly claim: string
  run(): Promise<Finding>
}

/** Every draw that decides a check follows from it. */
const SEED = 'battery'

export interface TestbedInit {
  /** records of each hospital */
  readonly records: readonly Dataset[]
  /** the length of a record */
  readonly inputs: number
  readonly privacy: Partial<StudyDocument['privacy']>
  /** z of statistics of all columns, which are bounded by −1 and 1 */
  readonly statistics?: number
  /** instead: the statistics are the mean of the records as features of this norm, with z 1 */
  readonly featureNorm?: number
  readonly seed?: string
  /** what the promise is about; a record unless given */
  readonly unit?: UnitName
  /** the shape of a record where records are images */
  readonly image?: [height: number, width: number, channels: number]
  /** what the sampler of a hospital draws from, instead of a stream of its own */
  readonly sampler?: (hospital: number) => Rng
}

/** One opening of a round: another view is another session of it. */
export interface Opening {
  readonly view?: number
  /** how many of the hospitals contribute, from the first on: all unless given */
  readonly contributors?: number
}

/** Some hospitals and what their rounds open. */
export interface OpeningTestbed {
  readonly document: StudyDocument
  readonly dimension: number
  /** one training step of everybody */
  train(round: number): void
  /** the sum that opens */
  open(round: number, opening?: Opening): Int32Array
  close(): void
}

/** A data set of vectors whose labels are all 0, from the entries that are not 0. */
export function vectors(inputs: number, rows: readonly (readonly [index: number, value: number][])[]): Dataset {
  const values = new Float32Array(rows.length * inputs)
  rows.forEach((row, record) => {
    for (const [index, value] of row) values[record * inputs + index] = value
  })
  return { count: rows.length, shape: [inputs], inputs: values, labels: new Uint8Array(rows.length) }
}

/** As many hospitals without a record. */
export function nobody(inputs: number, hospitals: number): Dataset[] {
  return Array.from({ length: hospitals }, () => vectors(inputs, []))
}

/** Uses hospitals and closes them, whatever happens. */
export async function within<Result>(
  testbed: Promise<OpeningTestbed>,
  use: (testbed: OpeningTestbed) => Result | Promise<Result>,
): Promise<Result> {
  const opened = await testbed
  try {
    return await use(opened)
  } finally {
    opened.close()
  }
}

let engine: Promise<Backend> | undefined

function contractOf({ inputs, image, statistics, unit }: TestbedInit): StudyDocument['contract'] {
  const common = { classes: ['no', 'yes'], ...(unit === 'patient' && { patients: true as const }) }
  if (image !== undefined) return { ...common, kind: 'image', shape: image }
  const bounds = Array.from({ length: inputs }, (): [number, number] => [-1, 1])
  return { ...common, kind: 'vector', shape: [inputs], ...(statistics !== undefined && { bounds }) }
}

function normalisationOf({ statistics, featureNorm }: TestbedInit): Pick<StudyDocument, 'normalisation'> {
  if (featureNorm !== undefined) return { normalisation: { kind: 'mean', norm: featureNorm, noiseMultiplier: 1 } }
  return statistics === undefined ? {} : { normalisation: { kind: 'columns', noiseMultiplier: statistics } }
}

/** Hospitals with these records, and a logistic model of two classes whose parameters are all 0. */
export async function createOpeningTestbed(init: TestbedInit): Promise<OpeningTestbed> {
  const { records, privacy, sampler, seed = '', unit = 'record' } = init
  engine ??= loadBackend({ engine: 'wasm' })
  const backend = await engine
  const signers = testSigners(records.length)
  const base = { noise: 'distributed' as const, clippingNorm: 1, sampleRate: 2 ** 32, noiseMultiplier: 1 }
  const document = testStudy(signers, {
    unit,
    units: 1000,
    contract: contractOf(init),
    ...normalisationOf(init),
    privacy: { ...base, delta: 1e-5, epsilon: 50, colluders: 1, ...privacy },
  })
  const plan = planStudy(document)
  const { dimension } = plan
  const folder = mkdtempSync(join(tmpdir(), 'confrere-battery-'))
  const hospitals = records.map((dataset, self): WorkerCalls => {
    const rng = seededRng(`${SEED} ${seed} hospital ${self}`)
    const trainer = createTrainer({ document, dataset, backend, rng: sampler?.(self) ?? rng })
    // at the origin every gradient is known
    const atOrigin = {
      ...trainer,
      clippedSum: () =>
        trainer.clippedSum({ parameters: new Float32Array(dimension), normalisation: new Float32Array(0) }),
    }
    return createWorkerCalls({ folder: join(folder, String(self)), document: encodeStudy(document) }, atOrigin, rng)
  })
  const ids = new Map(signers.map(({ id }, self) => [self, id] as const))
  return {
    document,
    dimension,
    train: round => {
      for (const hospital of hospitals) hospital.train(round)
    },
    open: (round, { view = 0, contributors = hospitals.length } = {}) => {
      const { dimension } = sumIn(plan, round)
      return openSum(hospitals.slice(0, contributors), { ids, round, view, dimension })
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function only<Kind extends RoundOutput['kind']>(output: RoundOutput, kind: Kind): Extract<RoundOutput, { kind: Kind }> {
  if (output.kind === kind) return output as Extract<RoundOutput, { kind: Kind }>
  throw new Error(
    output.kind === 'failed' ? `${output.job} failed: ${output.reason}` : `a ${output.kind}, not a ${kind}`,
  )
}

function openSum(
  hospitals: readonly WorkerCalls[],
  at: { ids: ReadonlyMap<number, Uint8Array>; round: number; view: number; dimension: number },
): Int32Array {
  const { ids, round, view, dimension } = at
  const members = hospitals.map((_, self) => self)
  const keys = new Map(hospitals.map((one, self) => [self, only(one.run({ kind: 'prepare', round }), 'prepare').key]))
  const owners = members.length
  const sid = sha256(Buffer.from(`round ${round}, view ${view} of ${owners}`))
  const sessions = members.map((self): Session => ({ sid, self, members, ids, owners, keys }))
  const run = (self: number, job: object) => hospitals[self]!.run({ ...job, round, session: sessions[self]! } as never)
  for (const self of members) only(run(self, { kind: 'mask', again: false }), 'mask')
  const layout = chunkLayout(dimension, owners).filter(({ words }) => words > 0)
  for (const { index: chunk } of layout) {
    for (const member of members.filter(member => member !== chunk)) {
      const part = hospitals[member]!.chunk({ round, sid: hex(sid), owners, chunk })!
      hospitals[chunk]!.putPart({ sid: hex(sid), chunk, member, ...part })
    }
  }
  const selfKeys = new Map(members.map(self => [self, only(run(self, { kind: 'reveal' }), 'reveal').key]))
  const opened = new Uint32Array(dimension)
  for (const { index: chunk, start } of layout) {
    const { hash } = only(run(chunk, { kind: 'sum', attempt: 0, chunk, selfKeys }), 'sum')
    opened.set(fromBytes(hospitals[chunk]!.sum(hex(hash))!), start)
  }
  return toSigned(opened)
}
