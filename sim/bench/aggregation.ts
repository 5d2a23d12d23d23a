/**
 * Cost of a round of secure aggregation, socket bytes and time, compared with a plain ring all-reduce of float32 on the
 * same network. All nodes share one process, so only ratios of times are meaningful.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { INFLUENCE_DEFAULT } from '../../protocols/study/limits.ts'
import { scheduleOf } from '../../protocols/study/rounds.ts'
import { ONLY_TERMS } from '../../protocols/study/terms.ts'
import { TIMING_WAN } from '../../protocols/study/timing.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { createLiveCluster } from '../cluster/live-cluster.ts'
import { ringAllReduce } from './ring.ts'

export interface AggregationRow {
  readonly hospitals: number
  readonly dimension: number
  /** per peer and round, of the measured rounds */
  readonly bytesMean: number
  readonly bytesMax: number
  /** 2 · 4 · d · (n − 1) / n */
  readonly bytesFloor: number
  readonly ringBytesMean: number
  /** bytesMean over ringBytesMean */
  readonly bytesRatio: number
  /** 1.10 × the floor + 60 kB */
  readonly bytesAllowed: number
  readonly roundMs: number
  readonly ringMs: number
  readonly timeRatio: number
}

/** Unmeasured first rounds: they include the setup of meshes and streams, and the catch-up of late starters. */
const WARM_ROUNDS = 3

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** A study whose logistic model has d parameters; d is even. */
export function studyOf(dimension: number, rounds: number): Omit<StudyDocument, 'hospitals'> {
  return {
    version: 2,
    name: 'Benchmark',
    created: '2026-01-01T00:00:00Z',
    unit: 'record',
    ...ONLY_TERMS,
    influence: INFLUENCE_DEFAULT,
    evaluation: null,
    search: null,
    copies: 1,
    units: 1000,
    contract: { kind: 'vector', shape: [dimension / 2 - 1], classes: ['no', 'yes'] },
    model: { preset: 'logistic' },
    initialSeed: new Uint8Array(randomBytes(32)),
    optimizer: { learningRate: 0.1, momentum: 0.9, averageDecay: 0.9 },
    privacy: {
      noise: 'distributed',
      clippingNorm: 1,
      sampleRate: 2 ** 28,
      noiseMultiplier: 1,
      delta: 1e-5,
      epsilon: 1000,
      colluders: 1,
    },
    schedule: scheduleOf({ rounds, statistics: false }),
    profile: 'byzantine',
    // long timers, so that no node counts as absent because all share one or two cores
    timing: { ...TIMING_WAN, voteTimeoutMs: 60_000, dataBaseMs: 300_000, lostAfterMs: 60_000 },
  }
}

/** Runs whole rounds between real nodes over TCP on loopback and measures all but the first WARM_ROUNDS. */
export async function benchAggregation({
  hospitals,
  dimension,
  rounds = 3,
}: {
  hospitals: number
  dimension: number
  rounds?: number
}): Promise<AggregationRow> {
  const update = new Float64Array(dimension).fill(1 / dimension)
  const cluster = await createLiveCluster(hospitals, {
    transport: 'tcp',
    study: studyOf(dimension, rounds + WARM_ROUNDS),
    clippedSum: () => update,
  })
  try {
    await cluster.finished()
    const records = cluster.nodes.map(node => node?.rounds().slice(WARM_ROUNDS) ?? [])
    const bytes = records.flatMap(own => own.map(record => record.bytesSent))
    const all = records.flat()
    if (
      all.some(record => record.outcome !== 'result' || record.views !== 1 || record.contributors.length !== hospitals)
    ) {
      throw new Error('a measured round was not a plain one: every hospital, one view, a result')
    }
    const ring = await ringAllReduce({ peers: hospitals, dimension, repetitions: rounds })
    const bytesFloor = (2 * 4 * dimension * (hospitals - 1)) / hospitals
    const roundMs = median(all.map(record => record.durationMs))
    return {
      hospitals,
      dimension,
      bytesMean: mean(bytes),
      bytesMax: Math.max(...bytes),
      bytesFloor,
      ringBytesMean: ring.bytesMean,
      bytesRatio: mean(bytes) / ring.bytesMean,
      bytesAllowed: 1.1 * bytesFloor + 60_000,
      roundMs,
      ringMs: ring.ms,
      timeRatio: roundMs / ring.ms,
    }
  } finally {
    await cluster.close()
  }
}
