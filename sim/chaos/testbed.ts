/** A testbed: hospitals with random records and a study that all have approved, ready to start. @module */

import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readStudyFile } from '../../node/storage/study-file.ts'
import type { StudyDocument, StudyTiming } from '../../protocols/study/types.ts'
import { encodeNpz } from '../demo/npy.ts'
import { createRandom } from '../demo/random.ts'
import { Hospital, type Place, siteName } from '../processes/node-process.ts'
import { freePorts } from '../processes/ports.ts'
import { foundStudy } from '../processes/study.ts'

const STUDY_FILE = 'chaos.study'
const RECORDS = 60
const SIDE = 8
const EPSILON = 8

export interface TestbedInit {
  /** for all files of the testbed; exists */
  readonly folder: string
  readonly hospitals: number
  readonly rounds: number
  readonly seed: number
  /** overrides the preset `lan` */
  readonly timing: Partial<StudyTiming>
  readonly environment: Environment
}

/** The hospitals' surroundings in a scenario: network namespaces, variables, disks. */
export interface Environment {
  /** in the order of the hospitals; absent: all run in this network namespace */
  readonly places?: readonly Place[]
  environment?(at: number): Readonly<Record<string, string>>
  /** called with every data folder while it is empty */
  readonly prepare?: (home: string, at: number) => Promise<void>
  /** called when a hospital's HTTP port is known */
  readonly opened?: (at: number, httpPort: number) => Promise<void>
  /** cleans up after all processes have ended */
  readonly clear?: () => Promise<void>
}

export interface Testbed {
  readonly hospitals: readonly Hospital[]
  /** approved by all */
  readonly document: StudyDocument
}

/** Creates a testbed by the product's own commands. @throws ChildError */
export async function createTestbed(init: TestbedInit): Promise<Testbed> {
  const { folder, hospitals: count } = init
  // different ports are not needed in separate namespaces, but do no harm
  const ports = await freePorts(2 * count)
  const create = async (at: number): Promise<Hospital> => await createHospital(init, { at, ports })
  const hospitals = await Promise.all(Array.from({ length: count }, (_, at) => create(at)))
  const spec = specText(init, hospitals)
  await foundStudy(folder, { spec, file: STUDY_FILE, hospitals })
  const { document } = await readStudyFile(join(folder, STUDY_FILE))
  return { hospitals, document }
}

async function createHospital(
  { folder, seed, environment: prepared }: TestbedInit,
  { at, ports }: { at: number; ports: readonly number[] },
): Promise<Hospital> {
  const npz = join(folder, `records-${at + 1}.npz`)
  await writeFile(npz, drawRecords(`chaos records ${seed} ${at}`))
  const home = join(folder, `node-${at + 1}`)
  await mkdir(home)
  await prepared.prepare?.(home, at)
  const place = prepared.places?.[at]
  const http = ports[2 * at + 1] as number
  await prepared.opened?.(at, http)
  const environment = prepared.environment?.(at)
  return await Hospital.create({
    site: siteName(at),
    folder: home,
    npz,
    log: join(folder, `node-${at + 1}.log`),
    ports: { listen: ports[2 * at] as number, http },
    epsilonMax: EPSILON,
    bootstrap: undefined,
    logLevel: 'debug',
    // the study names all addresses, and other programs of this machine need no multicast from us
    mdns: false,
    ...(place && { place }),
    ...(environment && { environment }),
  })
}

/** Draws bright and dark images, which are easy to learn. */
function drawRecords(label: string): Uint8Array {
  const random = createRandom(label)
  const labels = Uint8Array.from({ length: RECORDS }, () => random.below(2))
  const pixel = (_: unknown, at: number): number =>
    100 * (labels[Math.floor(at / SIDE ** 2)] as number) + random.below(100)
  const images = Uint8Array.from({ length: RECORDS * SIDE ** 2 }, pixel)
  return encodeNpz({
    train_images: { values: images, shape: [RECORDS, SIDE, SIDE] },
    train_labels: { values: labels, shape: [RECORDS] },
  })
}

function specText({ rounds, seed, timing }: TestbedInit, hospitals: readonly Hospital[]): string {
  const lines = [
    'name = "Chaos"',
    `rounds = ${rounds}`,
    'colluders = 1',
    `initialSeed = "${createHash('sha256').update(`chaos parameters ${seed}`).digest('hex')}"`,
    `units = ${RECORDS * hospitals.length}`,
    '[contract]',
    'kind = "image"',
    `shape = [${SIDE}, ${SIDE}, 1]`,
    'classes = ["dark", "bright"]',
    '[model]',
    'preset = "cnn"',
    'filters = [8]',
    'groups = 4',
    '[optimizer]',
    'learningRate = 0.5',
    '[privacy]',
    `epsilon = ${EPSILON}`,
    'delta = 1e-5',
    'clippingNorm = 1',
    'sampleRate = 0.1',
    '[timing]',
    'preset = "lan"',
    ...Object.entries(timing).map(([key, value]) => `${key} = ${value}`),
  ]
  const roster = hospitals.map(({ site, peer, address }) => {
    const bare = address.slice(0, address.indexOf('/p2p/'))
    return `[[hospital]]\nname = "${site}"\npeer = "${peer}"\naddresses = ["${bare}"]`
  })
  return [...lines, ...roster, ''].join('\n')
}
