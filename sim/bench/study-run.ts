/**
 * Trains a benchmark's study by the production code with all of its noise, in one process and without a network.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import { sha256 } from '../../crypto/hash.ts'
import { createSigner } from '../../crypto/signature.ts'
import type { Dataset } from '../../node/datasets/dataset.ts'
import { unitsOf } from '../../node/datasets/units.ts'
import { rehearse } from '../../node/privacy-audit/rehearsal.ts'
import { withNoise } from '../../node/study/study-spec.ts'
import type { Backend } from '../../node/training/backend.ts'
import type { ModelState } from '../../node/training/trainer.ts'
import { deployed } from '../../protocols/model/checkpoint.ts'
import { timesBounded } from '../../protocols/model/influence.ts'
import type { Bounds } from '../../protocols/study/contracts/fields.ts'
import { validateStudy } from '../../protocols/study/document.ts'
import { INFLUENCE_DEFAULT, SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { NO_NOISE } from '../../protocols/study/noise/off.ts'
import { scheduleOf } from '../../protocols/study/rounds.ts'
import { ONLY_TERMS } from '../../protocols/study/terms.ts'
import { TIMING_LAN } from '../../protocols/study/timing.ts'
import type { StudyDocument, StudyNormalisation } from '../../protocols/study/types.ts'
import type { UnitName } from '../../protocols/study/unit.ts'
import type { Recipe } from '../demo/recipe.ts'

const rng = (target: Uint8Array): void => {
  randomFillSync(target)
}

/** Hospitals of a study whose records are all at one site. */
const HOSPITALS = 8

/** A study's data contract and privacy parameters. */
export interface Setting {
  readonly name: string
  readonly classes: readonly string[]
  /** null: no noise */
  readonly epsilon: number | null
  readonly delta: number
  readonly colluders: number
  /** public bounds of the columns; absent: vectors are used as they are */
  readonly bounds?: readonly Bounds[]
  /** the vectors are frozen features of this norm: statistics are their mean */
  readonly featureNorm?: number
  /** what the promise is about: a record unless given */
  readonly unit?: UnitName
}

export interface Run {
  readonly setting: Setting
  readonly recipe: Omit<Recipe, 'model'>
  /** records of each hospital, as vectors */
  readonly parts: readonly Dataset[]
  /** whether one trusted site holds all records and adds all noise itself */
  readonly alone: boolean
  readonly seed: number
}

/** Trains a study with all of its noise; `bounded`: rounds in which the bound on the sum acted. */
export function trained(backend: Backend, run: Run): { document: StudyDocument; model: ModelState; bounded: number } {
  const document = documentOf(run)
  const checkpoint = rehearse({ document, parts: run.parts, backend, rng })
  return { document, model: deployed(checkpoint), bounded: timesBounded(checkpoint.influence) }
}

/** The study of a run, on vectors; its noise follows from its epsilon. */
export function documentOf({ setting, recipe, parts, alone, seed }: Run): StudyDocument {
  const { name, classes, epsilon, delta, colluders, bounds, unit = 'record' } = setting
  const { rounds, optimizer, privacy, normalisation } = recipe
  const { sampleRate, clippingNorm } = privacy
  const hospitals = alone ? HOSPITALS : parts.length
  const signers = Array.from({ length: hospitals }, (_, at) => createSigner(sha256(Buffer.from(`utility ${at}`))))
  signers.sort((a, b) => Buffer.compare(a.id, b.id))
  const units = parts.reduce((sum, part) => sum + unitsOf(unit, part).count, 0)
  const noise =
    epsilon === null
      ? NO_NOISE
      : // one place that is trusted with everything adds all of the noise itself
        { noise: alone ? ('local' as const) : ('distributed' as const), noiseMultiplier: 1, epsilon }
  const draft: StudyDocument = {
    version: 2,
    name: `Utility of ${name}`,
    created: '2026-01-01T00:00:00Z',
    unit,
    ...ONLY_TERMS,
    influence: INFLUENCE_DEFAULT,
    evaluation: null,
    search: null,
    copies: 1,
    units,
    contract: {
      ...{ kind: 'vector', shape: [parts[0]!.shape[0]!], classes: [...classes] },
      ...(unit === 'patient' && { patients: true as const }),
      ...(bounds !== undefined && { bounds: bounds.map(([low, high]): [number, number] => [low, high]) }),
    },
    ...(normalisation !== undefined && { normalisation: draftOf(setting) }),
    model: { preset: 'logistic' },
    initialSeed: sha256(Buffer.from(`utility parameters ${seed}`)),
    optimizer,
    privacy: { ...noise, clippingNorm, sampleRate: sampleRate * SAMPLE_RATE_ONE, delta, colluders },
    schedule: scheduleOf({ rounds, statistics: normalisation !== undefined }),
    profile: 'byzantine',
    timing: TIMING_LAN,
    hospitals: signers.map(({ id }, at) => ({ id, name: `Hospital ${at + 1}`, addresses: [] })),
  }
  return validateStudy(epsilon === null ? draft : withNoise(draft, normalisation))
}

function draftOf({ featureNorm }: Setting): StudyNormalisation {
  if (featureNorm === undefined) return { kind: 'columns', noiseMultiplier: 1 }
  return { kind: 'mean', norm: featureNorm, noiseMultiplier: 1 }
}
