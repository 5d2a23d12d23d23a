/** Studies and records to audit, for tests. @module */

import type { Rng } from '../../../crypto/rng.ts'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { type Backend, loadBackend } from '../../../node/training/backend.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { drawPhantoms, PHANTOM_CLASSES, PHANTOM_SIDE } from '../../../sim/demo/phantom.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { type StudyChanges, testSigners, testStudy } from '../../helpers/study/study.ts'
import { uniforms } from '../training/engines.ts'

let engine: Promise<Backend> | undefined

/** The engine of the package itself, once. */
export function wasm(): Promise<Backend> {
  engine ??= loadBackend({ engine: 'wasm' })
  return engine
}

/** A generator of its own for everything that a test draws. */
export function rngOf(seed: string): Rng {
  return seededRng(`audit ${seed}`)
}

/** Vectors of uniform numbers around 0, whose labels have nothing to do with them. */
export function strangers({ count, length, seed }: { count: number; length: number; seed: string }): Dataset {
  const next = uniforms(`audit ${seed}`)
  const inputs = Float32Array.from({ length: count * length }, () => 2 * next() - 1)
  return { count, shape: [length], inputs, labels: Uint8Array.from({ length: count }, () => (next() < 0.5 ? 0 : 1)) }
}

/** Drawn chest pictures. */
export function phantoms(count: number): Dataset {
  const { values, labels } = drawPhantoms({ count, label: 'audit' })
  return {
    count,
    shape: [PHANTOM_SIDE, PHANTOM_SIDE, 1],
    inputs: Float32Array.from(values, byte => byte / 255),
    labels,
  }
}

interface Choices {
  readonly hospitals?: number
  readonly changes?: StudyChanges
  readonly privacy?: Partial<StudyDocument['privacy']>
}

/** A study with noise; on vectors unless told otherwise. */
export function noisyStudy({ hospitals = 8, changes = {}, privacy = {} }: Choices = {}): StudyDocument {
  const noise = { noise: 'distributed' as const, noiseMultiplier: 1, epsilon: 10, delta: 1e-5, colluders: 2 }
  const base = { clippingNorm: 1, sampleRate: 2 ** 32 }
  return testStudy(testSigners(hospitals), { ...changes, privacy: { ...base, ...noise, ...privacy } })
}

/** A study on phantoms. */
export function phantomStudy({
  hospitals,
  changes = {},
  privacy,
}: Choices & { privacy: Choices['privacy'] }): StudyDocument {
  const shape: [number, number, number] = [PHANTOM_SIDE, PHANTOM_SIDE, 1]
  const data = { kind: 'image' as const, shape, classes: [...PHANTOM_CLASSES] }
  return noisyStudy({
    ...(hospitals === undefined ? {} : { hospitals }),
    changes: { contract: data, ...changes },
    ...(privacy && { privacy }),
  })
}
