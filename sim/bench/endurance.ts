/**
 * What a peer keeps after many rounds, beside what it keeps after a few: the state of its machine, and the memory of the
 * process that all peers run in. The disk of a simulated hospital grows with the transcript, as a real one does, and is
 * left out; so is what the simulator itself remembers for its checkers.
 *
 * @module
 */

import { serialize, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { runSeed } from '../run.ts'
import { boundMs, type Scenario } from '../scenario.ts'
import { drawStudy } from '../study.ts'
import type { SimulatedHospital } from '../world.ts'

const HOSPITALS = 4
const EARLY_ROUND = 50

export interface EnduranceRow {
  readonly rounds: number
  /** serialized bytes of one peer's state at the end of a round */
  readonly earlyBytes: number
  readonly lateBytes: number
  readonly ratio: number
  /** of the whole process, after a garbage collection, without the simulated disks */
  readonly earlyHeapBytes: number
  readonly lateHeapBytes: number
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Heap in use once everything is dropped that is on a disk, or only there to be checked. */
function heapWithout(hospitals: readonly SimulatedHospital[]): number {
  for (const { published, notices, blames, seen, vault, disk, state } of hospitals) {
    for (const list of [published, notices, blames]) list.length = 0
    seen.clear()
    vault.inputs.clear()
    for (const round of disk.own.keys()) if (round < state.round - 1) disk.own.delete(round)
    for (const hash of [...vault.checkpoints.keys()].slice(0, -2)) vault.checkpoints.delete(hash)
  }
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Runs one study of so many rounds. @throws Error when it does not finish */
export function benchEndurance(rounds: number): EnduranceRow {
  const scenario: Scenario = {
    name: 'endurance',
    summary: `${HOSPITALS} hospitals, ${rounds} rounds`,
    plan: random => {
      const study = { ...drawStudy(random), hospitals: HOSPITALS, profile: 'byzantine' as const, rounds, colluders: 1 }
      return { study: { ...study, noise: 'off' }, network: { delayMs: 20 }, withinMs: boundMs(study) }
    },
  }
  let [earlyBytes, lateBytes, earlyHeapBytes, lateHeapBytes] = [0, 0, 0, 0]
  const { failure } = runSeed({
    scenario,
    seed: 1,
    checkers: [],
    tamper: world => {
      world.inspect = ({ index, state }, effect) => {
        if (index !== 0 || effect.type !== 'emit' || effect.notice.kind !== 'phase') return
        if (effect.notice.phase !== 'summed') return
        lateBytes = serialize(state).length
        const { round } = effect.notice
        if (round === EARLY_ROUND) earlyBytes = lateBytes
        if (round % EARLY_ROUND === 0) lateHeapBytes = heapWithout(world.hospitals)
        if (round === EARLY_ROUND) earlyHeapBytes = lateHeapBytes
      }
    },
  })
  if (failure !== null) throw new Error(failure.what)
  return { rounds, earlyBytes, lateBytes, ratio: lateBytes / earlyBytes, earlyHeapBytes, lateHeapBytes }
}
