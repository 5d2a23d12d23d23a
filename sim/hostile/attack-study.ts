/** The study of an attack run: its timers are short, so that a lost second is visible. @module */

import { randomBytes } from 'node:crypto'
import { INFLUENCE_DEFAULT } from '../../protocols/study/limits.ts'
import { NO_NOISE } from '../../protocols/study/noise/off.ts'
import { scheduleOf } from '../../protocols/study/rounds.ts'
import { ONLY_TERMS } from '../../protocols/study/terms.ts'
import { TIMING_LAN } from '../../protocols/study/timing.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'

/** @param dimension of a logistic model: even */
export function attackStudy(dimension: number): Omit<StudyDocument, 'hospitals'> {
  return {
    version: 2,
    name: 'Attack',
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
      ...NO_NOISE,
      clippingNorm: 1,
      sampleRate: 2 ** 31,
      delta: 1e-5,
      colluders: 1,
    },
    schedule: scheduleOf({ rounds: 10_000, statistics: false }),
    profile: 'byzantine',
    timing: { ...TIMING_LAN, openDelayMs: 200, voteTimeoutMs: 500, voteTimeoutMsMax: 1000, lostAfterMs: 500 },
  }
}
