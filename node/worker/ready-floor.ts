/**
 * When a node says that it is ready: at a time that does not tell how many of its records were drawn. Training an empty
 * batch takes microseconds and a full one seconds, and every peer sees when READY comes.
 *
 * @module
 */

import { initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Trainer } from '../training/trainer.ts'

/** Floors are multiples of it, so that they do not tell the hospital's size more finely. */
const FLOOR_STEP_MS = 100
/** Deviations above the mean: a batch is larger once in 10⁹ rounds. */
const DEVIATIONS = 6

/** The batch that is not exceeded but once in 10⁹ draws. @param units at this hospital */
export function largestBatch(units: number, sampleRate: number): number {
  const rate = sampleRate / SAMPLE_RATE_ONE
  return Math.min(units, Math.ceil(units * rate + DEVIATIONS * Math.sqrt(units * rate * (1 - rate))))
}

/** The floor for a batch that took so long, ms; 0 where every unit is in every batch: then there is nothing to hide. */
export function readyFloorOf(tookMs: number, sampleRate: number): number {
  if (sampleRate === SAMPLE_RATE_ONE) return 0
  return Math.max(FLOOR_STEP_MS, FLOOR_STEP_MS * Math.ceil(tookMs / FLOOR_STEP_MS))
}

/** When a round that took so long is ready, ms after its start: at the floor, or at the next multiple of it. */
export function readyAfter(tookMs: number, floorMs: number): number {
  return floorMs === 0 ? tookMs : floorMs * Math.max(1, Math.ceil(tookMs / floorMs))
}

/** Measures the floor on this machine: how long the largest batch takes, once the engine is warm. */
export function measuredFloor(
  document: StudyDocument,
  trainer: Trainer,
  now: () => number = () => performance.now(),
): number {
  const { sampleRate, localSteps = 1 } = document.privacy
  if (sampleRate === SAMPLE_RATE_ONE) return 0
  const units = largestBatch(trainer.units, sampleRate)
  const start = initialCheckpoint(document)
  trainer.sumOfLargest(start, units)
  const began = now()
  trainer.sumOfLargest(start, units)
  return readyFloorOf((now() - began) * localSteps, sampleRate)
}
