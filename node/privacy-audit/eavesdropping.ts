/**
 * The view of an eavesdropper on an update that holds one record, under each protection and under none: the words that
 * an attack on the record starts from.
 *
 * @module
 */

import { HASH_BYTES } from '../../crypto/hash.ts'
import { publicKeyOf, X25519_BYTES } from '../../crypto/key-agreement.ts'
import { addDiscreteGaussian } from '../../crypto/noise/discrete-gaussian.ts'
import { toSigned } from '../../crypto/ring.ts'
import type { Rng } from '../../crypto/rng.ts'
import { ROOT_BYTES } from '../../crypto/zero-sum-masks.ts'
import { maskUpdate } from '../../protocols/secure-sum/masking.ts'
import { noiseOfStep, noiseOfSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'

/** None; the hospital's own noise; the sum over all hospitals; the masked share on the wire; the sum with all noise. */
export const PROTECTIONS = ['none', 'noise', 'sum', 'share', 'both'] as const
export type Protection = (typeof PROTECTIONS)[number]

/**
 * Computes the eavesdropper's view.
 *
 * @param update   one record's clipped gradient, quantised
 * @param others   the rest of the round's sum, quantised, without noise
 * @returns d words
 */
export type Eavesdrop = (update: Int32Array, others: Int32Array) => Int32Array

/** The view under each protection, made by the production code that protects a study's updates. */
export function eavesdroppers(document: StudyDocument, rng: Rng): Record<Protection, Eavesdrop> {
  const hospitals = document.hospitals.length
  const plan = planStudy(document)
  const noise = noiseOfSum(document.privacy, plan, hospitals)
  const local = noiseOfStep(document.privacy, plan)
  // local noise is added at every step, before the masks
  const drawNoise = (words: Int32Array): void => {
    if (noise.sigma > 0) addDiscreteGaussian(words, noise.sigma, rng)
    for (let step = 0; local > 0 && step < plan.steps; step++) addDiscreteGaussian(words, local, rng)
  }
  const noised = (update: Int32Array, contributors: number): Int32Array => {
    const words = update.slice()
    for (let hospital = 0; hospital < contributors; hospital++) drawNoise(words)
    return words
  }
  const added = (update: Int32Array, others: Int32Array) => update.map((word, at) => word + others[at]!)
  const drawn = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count)
    rng(bytes)
    return bytes
  }
  const masked = (update: Int32Array): Int32Array => {
    const members = document.hospitals.map((_, member) => member)
    const secrets = members.map(() => drawn(X25519_BYTES))
    const ids = new Map(document.hospitals.map(({ id }, member) => [member, id] as const))
    const keys = new Map(secrets.map((secret, member) => [member, publicKeyOf(secret)] as const))
    const session = { sid: drawn(HASH_BYTES), self: 0, members, ids, owners: hospitals, keys }
    return toSigned(maskUpdate({ update, session, secret: secrets[0]!, root: drawn(ROOT_BYTES), noise }, rng))
  }
  return {
    none: update => update,
    noise: update => noised(update, 1),
    sum: added,
    share: masked,
    both: (update, others) => noised(added(update, others), hospitals),
  }
}
