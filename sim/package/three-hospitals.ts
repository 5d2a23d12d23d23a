/** Three hospitals that an installed program runs, from `init` to a certified round. @module */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeNpz } from '../demo/npy.ts'
import { drawPhantoms, PHANTOM_CLASSES, PHANTOM_SIDE } from '../demo/phantom.ts'
import { specText } from '../demo/study.ts'
import { useProgram } from '../processes/child.ts'
import { Hospital, siteName } from '../processes/node-process.ts'
import { freePorts } from '../processes/ports.ts'
import { foundStudy } from '../processes/study.ts'

const HOSPITALS = 3
const RECORDS = 100
const SHAPE: [number, number, number] = [PHANTOM_SIDE, PHANTOM_SIDE, 1]

/**
 * Runs them until each has finished the rounds, and stops them.
 *
 * @param program the JavaScript file of the command
 * @param folder an empty one for their data
 * @returns the models' hash that all three have
 * @throws ChildError when a command or node fails; Error when they end with different models
 */
export async function trainThree(
  program: string,
  { folder, rounds, signal }: { folder: string; rounds: number; signal: AbortSignal },
): Promise<string> {
  useProgram(program)
  const hospitals = await createHospitals(folder)
  const facts = { shape: SHAPE, classes: [...PHANTOM_CLASSES], count: HOSPITALS * RECORDS, synthetic: true }
  const spec = specText(facts, hospitals, { colluders: 1, rounds, epsilon: 8, delta: 1e-4, seed: 1 })
  await foundStudy(folder, { spec, file: 'check.study', hospitals })
  for (const hospital of hospitals) hospital.start()
  const checkpoints = await Promise.all(hospitals.map(hospital => hospital.finished(signal)))
  await Promise.all(hospitals.map(hospital => hospital.stop()))
  if (new Set(checkpoints).size !== 1) throw new Error(`three models instead of one: ${checkpoints.join(' ')}`)
  return checkpoints[0]!
}

async function createHospitals(folder: string): Promise<Hospital[]> {
  const ports = await freePorts(2 * HOSPITALS)
  const hospitals: Hospital[] = []
  await mkdir(folder, { recursive: true })
  for (let i = 0; i < HOSPITALS; i++) {
    const site = siteName(i)
    const npz = join(folder, `${site}.npz`)
    const { values, labels } = drawPhantoms({ count: RECORDS, label: site })
    const shape = [RECORDS, PHANTOM_SIDE, PHANTOM_SIDE]
    await writeFile(
      npz,
      encodeNpz({ train_images: { values, shape }, train_labels: { values: labels, shape: [RECORDS] } }),
    )
    hospitals.push(
      await Hospital.create({
        ...{ site, npz, folder: join(folder, site), log: join(folder, `${site}.log`), epsilonMax: 8, mdns: false },
        ports: { listen: ports[2 * i]!, http: ports[2 * i + 1]! },
        bootstrap: hospitals[0],
      }),
    )
  }
  return hospitals
}
