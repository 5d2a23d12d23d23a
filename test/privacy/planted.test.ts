// Claims: each of the bugs that others have shipped is seen by the check that is there for it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { PLANT_VARIABLE } from '../helpers/tree/plant.ts'
import { PLANTS } from './planted/plants.ts'

const FOLDER = join(import.meta.dirname, 'planted')

// one after the other: each takes a core for itself
for (const { name, bug, seenBy, refusal } of PLANTS) {
  test.serial(`${name}: ${bug}`, async t => {
    const args = ['--import', join(FOLDER, 'preload.ts'), join(FOLDER, 'hunt.ts'), seenBy]
    const env = { ...process.env, [PLANT_VARIABLE]: name }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    const { wrong, measured, threw } = JSON.parse(stdout) as Record<'wrong' | 'measured' | 'threw', string | null>
    t.log(wrong ?? threw ?? measured)
    // a check that breaks down has seen nothing
    if (refusal === undefined) t.is(threw ?? null, null, `${seenBy} broke down: ${threw}`)
    if (refusal === undefined) t.truthy(wrong, `${seenBy} sees nothing: ${measured}`)
    else t.regex(threw ?? '', refusal)
  })
}
