// Claim: the same seeds give the same bytes as when vectors/golden-transcript.json was written: study ids, transcripts,
// checkpoints, packets, disks, first parameters and optimizer steps. A change of code that is not meant to change the
// wire, the disk or a model leaves that file as it is.
//
// Whoever means to change one of them writes the file anew: GOLDEN=write npx ava test/sim/golden.test.ts

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { sha256 } from '../../crypto/hash.ts'
import { maskStream } from '../../crypto/mask-stream.ts'
import { encode } from '../../protocols/encoding/codec.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { encodeCheckpoint, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { nextCheckpoint } from '../../protocols/model/next-checkpoint.ts'
import { encodeStudy, studyIdOf } from '../../protocols/study/document.ts'
import { planStudy, sumIn } from '../../protocols/study/plan.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { encodeLink } from '../../protocols/transcript/link.ts'
import { type RunOptions, runSeed } from '../../sim/runner/run-seed.ts'
import { EVERYDAY, scenarioOf } from '../../sim/scenarios/list.ts'
import { type StudyChanges, testSigners, testStudy } from '../helpers/study/study.ts'

type Checker = ReturnType<NonNullable<RunOptions['checkers']>[number]>
type World = Parameters<NonNullable<Checker['begin']>>[0]
type Hospital = World['hospitals'][number]

const FILE = join(import.meta.dirname, '../vectors/golden-transcript.json')
const HOW =
  'GOLDEN=write npx ava test/sim/golden.test.ts: SHA-256 over what the simulator sends and stores, and over models'

const SEEDS = [1]
/** Seeds that draw what few others do: a normalised study, local noise, both, a VOID round under noise. */
const SEEDS_MORE: Readonly<Record<string, readonly number[]>> = {
  calm: [2, 16, 29],
  crashes: [20],
  split: [20],
  late: [34],
  rollback: [7],
  void: [7, 28],
  slow: [35],
  budget: [11],
  roster: [2, 15],
  liars: [3, 36],
  mixed: [10, 17],
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The value in the types that canonical CBOR has. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) return Array.from(value, plain)
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries.map(([key, field]) => [key, plain(field)]))
}

/** A digest of many values, in their order. */
class Digest {
  readonly #hash = createHash('sha256')

  add(value: unknown): void {
    this.#hash.update(encode(plain(value)))
  }

  get text(): string {
    return this.#hash.copy().digest('hex')
  }
}

function digestOf(value: unknown): string {
  const digest = new Digest()
  digest.add(value)
  return digest.text
}

/** Everything that a hospital's disk holds when its world ends. */
function diskOf({ disk, vault }: Hospital): string {
  const { own, links, charges, reserved, halts } = disk
  const { secrets, maskedBySid, checkpoints, current } = vault.copy()
  const log = [own, links.map(encodeLink), charges, reserved, halts]
  return digestOf([...log, secrets, maskedBySid, checkpoints, encodeCheckpoint(current)])
}

/** One line for each certified round: its number, the roster's version after it, its result and its checkpoint. */
function transcriptOf({ hospitals }: World): string[] {
  const chains = hospitals.map(({ disk }) => disk.links)
  const longest = chains.reduce((one, other) => (other.length > one.length ? other : one))
  let version = 0
  return longest.map(({ round, value }) => {
    const decided = decodeResultValue(value)
    if (decided.outcome === 'result' && decided.change !== null) version += 1
    const checkpoint = decided.outcome === 'result' ? hex(decided.checkpoint) : 'void'
    return `${round} v${version} ${hex(sha256(value))} ${checkpoint}`
  })
}

/** Runs one seed and tells what it said and wrote. @throws Error when the seed fails */
function record(scenario: string, seed: number) {
  const [packets, effects] = [new Digest(), new Digest()]
  let sent = 0
  let last: World | undefined
  const watch: Checker = {
    name: 'golden transcript',
    invariant: null,
    begin: world => {
      last = world
    },
    packet: (from, to, packet) => {
      sent += 1
      packets.add([from.index, to.index, packet])
    },
    effect: (hospital, effect) => {
      if (effect.type === 'store') effects.add([hospital.index, effect.entries])
      if (effect.type === 'blame') effects.add([hospital.index, effect.member, effect.code, effect.evidence])
    },
  }
  const { failure, endedAt } = runSeed({ scenario: scenarioOf(scenario), seed, checkers: [() => watch] })
  if (failure !== null || last === undefined) throw new Error(`${scenario} ${seed}: ${failure?.what}`)
  return {
    study: hex(studyIdOf(last.document)),
    document: digestOf(encodeStudy(last.document)),
    endedAt: endedAt.toFixed(3),
    transcript: transcriptOf(last),
    rosters: last.hospitals.map(({ state }) => digestOf([state?.roster.version, state?.roster.hospitals])),
    sent,
    packets: packets.text,
    effects: effects.text,
    disks: last.hospitals.map(diskOf),
  }
}

const STATISTICS = { kind: 'columns' as const, noiseMultiplier: 4 }
const PRIVATE: StudyDocument['privacy'] = {
  noise: 'distributed',
  clippingNorm: 1,
  sampleRate: 2 ** 28,
  noiseMultiplier: 1,
  delta: 1e-5,
  epsilon: 20,
  colluders: 1,
}
const COLUMNS = 5
const VECTORS: StudyDocument['contract'] = { kind: 'vector', shape: [COLUMNS], classes: ['no', 'yes'] }
const BOUNDED: StudyDocument['contract'] = { ...VECTORS, bounds: Array.from({ length: COLUMNS }, () => [-2, 7]) }
const IMAGES: StudyDocument['contract'] = { kind: 'image', shape: [16, 16, 1], classes: ['a', 'b', 'c'] }

/** One study for each preset and each way in which a checkpoint is made of a sum. */
const MODELS: Readonly<Record<string, StudyChanges>> = {
  logistic: { contract: VECTORS, model: { preset: 'logistic' } },
  private: { contract: VECTORS, model: { preset: 'logistic' }, privacy: PRIVATE },
  normalised: { contract: BOUNDED, model: { preset: 'logistic' }, normalisation: STATISTICS, privacy: PRIVATE },
  mlp: { contract: VECTORS, model: { preset: 'mlp', units: [7, 3] } },
  tanh: { contract: BOUNDED, model: { preset: 'mlp', units: [8], activation: 'tanh' } },
  cnn: { units: 4708, contract: IMAGES, model: { preset: 'cnn', filters: [4, 8], groups: 2 } },
  standardised: {
    units: 4708,
    contract: IMAGES,
    model: { preset: 'cnn', filters: [4, 8], groups: 2, standardised: true },
  },
  scattering: { units: 4708, contract: IMAGES, model: { preset: 'scattering', scales: 2, angles: 4, cell: 4 } },
  mean: {
    ...{ units: 4708, contract: IMAGES, model: { preset: 'scattering', scales: 2, angles: 4, cell: 4 } },
    ...{ normalisation: { kind: 'mean', norm: 10, noiseMultiplier: 4 }, privacy: PRIVATE },
  },
}
const STEPS = 20

/** Sums of a seed, as they are opened: 24 bits and a sign. */
function sumOf(name: string, round: number, length: number): Int32Array {
  const key = sha256(Buffer.from(`golden ${name} ${round}`))
  return Int32Array.from(maskStream(key, { start: 0, words: length }), word => (word | 0) >> 7)
}

/** Statistics of 300 records: for each column a sum, then for each a sum of squares, then how many there are. */
function statisticsOf(scale: number): Int32Array {
  const columns = Array.from({ length: COLUMNS }, (_, column) => column)
  const values = [...columns.map(column => 37.5 * column - 60), ...columns.map(column => 290 / (column + 1.7)), 300]
  return Int32Array.from(values, value => Math.round(value * scale))
}

/** The checkpoints of a study at its beginning, after its first sum and after its last. */
function model(name: string) {
  const document = testStudy(testSigners(4), { ...MODELS[name], rounds: STEPS })
  const plan = planStudy(document)
  const first = document.normalisation === undefined ? 1 : 0
  let checkpoint = initialCheckpoint(document)
  const hashes = [digestOf(encodeCheckpoint(checkpoint))]
  for (let round = first; round <= STEPS; round++) {
    const { dimension, fixedPoint } = sumIn(plan, round)
    const hasColumns = round === 0 && document.normalisation?.kind === 'columns'
    const sum = hasColumns ? statisticsOf(fixedPoint.scale) : sumOf(name, round, dimension)
    checkpoint = nextCheckpoint(checkpoint, sum, { document, plan, round })
    if (round <= 1 || round === STEPS) hashes.push(digestOf(encodeCheckpoint(checkpoint)))
  }
  return { document: digestOf(encodeStudy(document)), words: checkpoint.parameters.length, checkpoints: hashes }
}

const RUNS = EVERYDAY.flatMap(({ name }) => [...SEEDS, ...(SEEDS_MORE[name] ?? [])].map(seed => ({ name, seed })))
const isWritten = process.env['GOLDEN'] === 'write'

async function golden(): Promise<{ runs: Record<string, unknown>; models: Record<string, unknown> }> {
  return JSON.parse(await readFile(FILE, 'utf8'))
}

if (isWritten) {
  test('writes the golden transcript', async t => {
    const runs = Object.fromEntries(RUNS.map(({ name, seed }) => [`${name} ${seed}`, record(name, seed)]))
    const models = Object.fromEntries(Object.keys(MODELS).map(name => [name, model(name)]))
    await writeFile(FILE, `${JSON.stringify({ how: HOW, runs, models }, null, 2)}\n`)
    t.pass()
  })
} else {
  for (const { name, seed } of RUNS) {
    test(`${name}, seed ${seed}: sends and stores the bytes of the golden transcript`, async t => {
      t.deepEqual(record(name, seed), (await golden()).runs[`${name} ${seed}`] as ReturnType<typeof record>)
    })
  }

  for (const name of Object.keys(MODELS)) {
    test(`${name}: first parameters and steps are those of the golden transcript`, async t => {
      t.deepEqual(model(name), (await golden()).models[name] as ReturnType<typeof model>)
    })
  }

  test('the golden transcript holds what is run here and nothing else', async t => {
    const { runs, models } = await golden()
    t.deepEqual(
      Object.keys(runs),
      RUNS.map(({ name, seed }) => `${name} ${seed}`),
    )
    t.deepEqual(Object.keys(models), Object.keys(MODELS))
  })

  test('a byte that changes is seen', t => {
    t.not(digestOf({ words: Uint32Array.of(1, 2) }), digestOf({ words: Uint32Array.of(1, 3) }))
    t.not(digestOf(new Map([[1, new Set(['a'])]])), digestOf(new Map([[1, new Set(['b'])]])))
    t.not(digestOf([null]), digestOf([0]))
  })
}
