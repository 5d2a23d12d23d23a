/** Runs seeds until one fails, and prints what it has found as JSON: `node hunt.ts LAST`, over all everyday scenarios. @module */

import { runSeed } from '../../../sim/runner/run-seed.ts'
import { EVERYDAY } from '../../../sim/scenarios/list.ts'

const last = Number(process.argv[2])

for (let seed = 1; seed <= last; seed++) {
  const scenario = EVERYDAY[seed % EVERYDAY.length] as (typeof EVERYDAY)[number]
  const { failure } = runSeed({ scenario, seed })
  if (failure === null) continue
  const { invariant, what, stack } = failure
  process.stdout.write(JSON.stringify({ seed, scenario: scenario.name, invariant, what, stack }))
  break
}
