/** Studies for simulated worlds: small models; the other settings are drawn from the seed. @module */

import type { Signer } from '../../crypto/signature.ts'
import { validateStudy } from '../../protocols/study/document.ts'
import { INFLUENCE_DEFAULT } from '../../protocols/study/limits.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import type { NoiseName } from '../../protocols/study/noise/mode.ts'
import { NO_NOISE } from '../../protocols/study/noise/off.ts'
import { colludersDefault, contributorsMinOf, quorumOf } from '../../protocols/study/quorum.ts'
import { STATISTICS_ROUND, scheduleOf } from '../../protocols/study/rounds.ts'
import { ONLY_TERMS } from '../../protocols/study/terms.ts'
import type { StudyDocument, StudyTiming } from '../../protocols/study/types.ts'
import type { Random } from '../world/random.ts'

/** The settings of a study that a scenario chooses; the others are the same for all. */
export interface StudySettings {
  readonly hospitals: number
  readonly profile: StudyDocument['profile']
  readonly rounds: number
  readonly colluders: number
  readonly noise: NoiseName
  /** inputs of the logistic model on two classes: the dimension is 2 · (inputs + 1) */
  readonly inputs: number
  /** whether a statistics round precedes the first round */
  readonly normalised?: boolean
  readonly timing: StudyTiming
}

export interface StudyLimits {
  readonly hospitalsMin?: number
  readonly hospitalsMax?: number
  readonly roundsMin?: number
  readonly roundsMax?: number
}

/** Privacy parameters of studies with noise. */
export const PRIVACY = { clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1, delta: 1e-5, epsilon: 20 }

const STATISTICS_MULTIPLIER = 4

/** Draws short timers, as in a local network, so that little virtual time passes. */
function drawTiming(random: Random): StudyTiming {
  return {
    openDelayMs: random.whole(300, 1500),
    voteTimeoutMs: random.whole(1000, 3000),
    voteTimeoutMsMax: random.whole(5000, 10_000),
    lostAfterMs: random.whole(1000, 4000),
    resendAfterMs: random.whole(3000, 6000),
    voidAfterMs: random.whole(15_000, 40_000),
    dataBaseMs: random.whole(4000, 8000),
    bandwidthMin: 100_000_000,
    trainedDelayMs: random.chance(0.2) ? random.whole(1, 300) : 0,
  }
}

/** Draws a study of 3 to 10 hospitals and 3 to 5 rounds, or within narrower limits. */
export function drawStudy(random: Random, limits: StudyLimits = {}): StudySettings {
  const { hospitalsMin = 3, hospitalsMax = 10, roundsMin = 3, roundsMax = 5 } = limits
  const hospitals = random.whole(hospitalsMin, hospitalsMax)
  const profile = hospitals === 3 || random.chance(0.3) ? 'crash' : 'byzantine'
  const drawn = {
    hospitals,
    profile,
    rounds: random.whole(roundsMin, roundsMax),
    colluders: random.chance(0.5) ? 1 : colludersDefault({ hospitals, profile }),
    noise: random.chance(0.25) ? 'distributed' : 'off',
    inputs: random.whole(3, 31),
    timing: drawTiming(random),
  } as const
  const noise = drawn.noise === 'distributed' && random.chance(0.2) ? 'local' : drawn.noise
  return { ...drawn, noise, normalised: random.chance(0.15) }
}

/** The numbers of all rounds. */
export function roundsIn({ rounds, normalised = false }: StudySettings): number[] {
  const all = Array.from({ length: rounds }, (_, at) => at + 1)
  return normalised ? [STATISTICS_ROUND, ...all] : all
}

/** Hospitals that may be away at once without stopping a study. */
export function spareOf({ hospitals, profile, colluders }: StudySettings): number {
  return hospitals - Math.max(quorumOf({ hospitals, profile }).quorum, contributorsMinOf(colluders))
}

/** The document of a study whose founding members are the first signers. */
export function studyOf(settings: StudySettings, signers: readonly Signer[]): StudyDocument {
  const { hospitals, profile, rounds, colluders, noise, inputs, normalised = false, timing } = settings
  const bounds = Array.from({ length: inputs }, (): [number, number] => [-1, 1])
  return validateStudy({
    version: 2,
    name: 'Simulated study',
    created: '2026-01-01T00:00:00Z',
    unit: 'record',
    ...ONLY_TERMS,
    influence: INFLUENCE_DEFAULT,
    evaluation: null,
    search: null,
    copies: 1,
    units: 400,
    contract: { kind: 'vector', shape: [inputs], classes: ['no', 'yes'], ...(normalised && { bounds }) },
    ...(normalised && { normalisation: { kind: 'columns' as const, noiseMultiplier: STATISTICS_MULTIPLIER } }),
    model: { preset: 'logistic' },
    initialSeed: new Uint8Array(32),
    optimizer: { learningRate: 0.1, momentum: 0.5, averageDecay: 0.9 },
    privacy: { ...PRIVACY, ...(noiseModeOf({ noise }).isPrivate ? { noise } : NO_NOISE), colluders },
    schedule: scheduleOf({ rounds, statistics: normalised }),
    profile,
    timing,
    hospitals: signers
      .slice(0, hospitals)
      .map((signer, i) => ({ id: signer.id, name: `Hospital ${i}`, addresses: [] })),
  })
}
