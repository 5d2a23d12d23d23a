/**
 * Compares memory after many rounds with memory after a few: the state machine's in the simulator; and that of four
 * whole nodes with libp2p, stores and vaults in one process. The transcript on disk grows, as it must.
 *
 * @module
 */

import { serialize, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { NO_NOISE } from '../../protocols/study/noise/off.ts'
import { createLiveCluster } from '../cluster/live-cluster.ts'
import { runSeed } from '../runner/run-seed.ts'
import { boundMs, type Scenario } from '../scenarios/scenario.ts'
import { drawStudy } from '../scenarios/study.ts'
import { studyOf } from './aggregation.ts'

const HOSPITALS = 4
const EARLY_ROUND = 50
const DIMENSION = 200
const POLL_MS = 20
/** Longer than the two minutes for which gossipsub remembers deliveries: hundreds of rounds at a few a second. */
const FORGOTTEN_MS = 130_000

export interface EnduranceRow {
  readonly rounds: number
  /** serialized bytes of one peer's state at the end of a round */
  readonly earlyBytes: number
  readonly lateBytes: number
  readonly ratio: number
}

/** Simulates one study of that many rounds. @throws Error when it does not finish */
export function benchEndurance(rounds: number): EnduranceRow {
  const scenario: Scenario = {
    name: 'endurance',
    summary: `${HOSPITALS} hospitals, ${rounds} rounds`,
    plan: random => {
      const study = { ...drawStudy(random), hospitals: HOSPITALS, profile: 'byzantine' as const, rounds, colluders: 1 }
      return { study: { ...study, noise: 'off' }, network: { delayMs: 20 }, withinMs: boundMs(study) }
    },
  }
  let [earlyBytes, lateBytes] = [0, 0]
  const { failure } = runSeed({
    scenario,
    seed: 1,
    checkers: [],
    tamper: world => {
      world.inspect = ({ index, state }, effect) => {
        if (index !== 0 || effect.type !== 'emit' || effect.notice.kind !== 'phase') return
        if (effect.notice.phase !== 'summed') return
        lateBytes = serialize(state).length
        if (effect.notice.round === EARLY_ROUND) earlyBytes = lateBytes
      }
    },
  })
  if (failure !== null) throw new Error(failure.what)
  return { rounds, earlyBytes, lateBytes, ratio: lateBytes / earlyBytes }
}

export interface MemoryRow {
  readonly rounds: number
  /** in use after a garbage collection, by all nodes' process: after 50 rounds, at the end, and some time later */
  readonly heapBytes: readonly [early: number, late: number, rested: number]
  readonly rssBytes: readonly [early: number, late: number, rested: number]
}

/** Measures real nodes over that many rounds. */
export async function benchMemory(rounds: number): Promise<MemoryRow> {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const study = studyOf(DIMENSION, rounds)
  const update = new Float64Array(DIMENSION).fill(1 / DIMENSION)
  const cluster = await createLiveCluster(HOSPITALS, {
    study: { ...study, privacy: { ...study.privacy, ...NO_NOISE } },
    clippedSum: () => update,
  })
  const measure = async (round: number): Promise<NodeJS.MemoryUsage> => {
    while ((cluster.nodes[0]?.rounds().length ?? 0) < round && cluster.failures.length === 0) {
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
    collectGarbage()
    return process.memoryUsage()
  }
  try {
    const early = await measure(EARLY_ROUND)
    const late = await measure(rounds)
    await new Promise(resolve => setTimeout(resolve, FORGOTTEN_MS))
    const rested = await measure(rounds)
    if (cluster.failures.length > 0) throw cluster.failures[0]
    return {
      rounds,
      heapBytes: [early.heapUsed, late.heapUsed, rested.heapUsed],
      rssBytes: [early.rss, late.rss, rested.rss],
    }
  } finally {
    await cluster.close()
  }
}
