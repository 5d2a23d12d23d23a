// Claims: each rule that the protocol rests on is watched: a build without it is caught within 500 seeds, by the checker
// that is there for it; and the planting itself finds its place in the code.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { PLANT_VARIABLE } from '../helpers/tree/plant.ts'
import { PLANTS, type Plant } from './planted/plants.ts'

const SEEDS = 500
const FOLDER = join(import.meta.dirname, 'planted')

interface Found {
  readonly seed: number
  readonly scenario: string
  readonly invariant: number | null
  readonly what: string
  readonly stack: string
}

async function hunt({ name }: Plant): Promise<Found | null> {
  const args = ['--import', join(FOLDER, 'preload.ts'), join(FOLDER, 'hunt.ts'), String(SEEDS)]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, [PLANT_VARIABLE]: name },
    maxBuffer: 1 << 20,
  })
  return stdout === '' ? null : (JSON.parse(stdout) as Found)
}

// one after the other: each takes a core for itself
for (const plant of PLANTS) {
  test.serial(`${plant.name}: ${plant.bug}`, async t => {
    const found = await hunt(plant)
    if (found === null) return t.fail(`not found within ${SEEDS} seeds`)
    t.log(`seed ${found.seed}, ${found.scenario}: invariant ${found.invariant}: ${found.what}`)
    t.true(plant.breaks.includes(found.invariant ?? 0), `${found.what}\n${found.stack}`)
  })
}
