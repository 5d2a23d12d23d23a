/** Bugs of clipping, counting and sampling. @module */

import type { Plant } from './plant.ts'

const BOOKKEEPING = 'node/training/per-example-clipping.ts'
const SAMPLER = 'node/training/sampler.ts'
const LIMIT = 'limit: CLIP_MARGIN * clippingNorm'
const WEIGHT = 'weights[i] = Number.isFinite(square) ? Math.min(1, limit / norms[i]!) : 0'
const CHOICE = 'if (reader.uniformUint32() < sampleRate) sample.push(record)'
const CHOICES = `  for (let record = 0; record < records; record++) {\n    ${CHOICE}\n  }`

/** A bug of the line that weighs a record. */
function weight(name: string, replace: string, rest: Pick<Plant, 'bug' | 'seenBy' | 'refusal'>): Plant {
  return { name, file: BOOKKEEPING, find: WEIGHT, replace, ...rest }
}

/** A bug of the loop that samples records. */
function choices(name: string, replace: string, rest: Pick<Plant, 'bug' | 'seenBy'>): Plant {
  return { name, file: SAMPLER, find: CHOICES, replace, ...rest }
}

function unclippedWhere(condition: string): string {
  return `weights[i] = Number.isFinite(square) ? (${condition} ? 1 : Math.min(1, limit / norms[i]!)) : 0`
}

const CLIPPING: readonly Plant[] = [
  weight(
    'clip-after-the-sum',
    'weights[i] = Number.isFinite(square) ? 1 : 0\n' +
      '    if (i + 1 < batch) continue\n' +
      '    const whole = Math.sqrt(weights.reduce((total, weight, at) => total + (weight * norms[at]!) ** 2, 0))\n' +
      '    weights.forEach((weight, at) => { weights[at] = weight * Math.min(1, limit / whole) })',
    { bug: 'the sum is clipped, not each record', seenBy: 'sensitivity' },
  ),
  weight('small-pass-unclipped', unclippedWhere('batch >= 2 && batch <= 4'), {
    bug: 'a pass of 2 to 4 records is not clipped',
    seenBy: 'passes',
  }),
  weight('single-record-unclipped', unclippedWhere('batch === 1'), {
    bug: 'a pass of one record is not clipped',
    seenBy: 'passes',
  }),
  weight('odd-pass-unclipped', unclippedWhere('batch === 97'), {
    bug: 'a pass of 97 records is not clipped',
    seenBy: 'passes',
  }),
  weight('full-pass-unclipped', unclippedWhere('batch === EXAMPLES_MAX'), {
    bug: 'a full pass is not clipped',
    seenBy: 'passes',
  }),
  weight('first-record-unclipped', unclippedWhere('i === 0 && batch > 16'), {
    bug: 'the first record of a pass of many is not clipped',
    seenBy: 'passes',
  }),
  weight('long-gradient-unclipped', unclippedWhere('norms[i]! > 1e5 * limit'), {
    bug: 'a gradient that is very long is not clipped',
    seenBy: 'passes',
  }),
  weight('short-gradient-unclipped', unclippedWhere('norms[i]! < 1.1 * limit'), {
    bug: 'a gradient that is a little too long is not clipped',
    seenBy: 'passes',
  }),
  weight('broken-record-counts', 'weights[i] = Math.min(1, limit / norms[i]!)', {
    bug: 'a record that is no number is not left out',
    seenBy: 'sensitivity',
    refusal: /coordinate \d+ is NaN/,
  }),
  {
    name: 'clip-one-percent-long',
    bug: 'records are clipped to 1.01·C',
    file: BOOKKEEPING,
    find: LIMIT,
    replace: 'limit: 1.01 * clippingNorm',
    seenBy: 'sensitivity',
  },
  {
    name: 'clip-without-margin',
    bug: 'records are clipped to C, with no margin for rounding',
    file: BOOKKEEPING,
    find: LIMIT,
    replace: 'limit: clippingNorm',
    seenBy: 'passes',
  },
  {
    name: 'second-step-unclipped',
    bug: 'only every other step of a hospital is clipped',
    file: BOOKKEEPING,
    find: LIMIT,
    replace:
      'limit: (((globalThis as { passes?: number }).passes = ((globalThis as { passes?: number }).passes ?? 0) + 1) % 2 === 0 ? Number.MAX_VALUE : CLIP_MARGIN * clippingNorm)',
    seenBy: 'steps',
  },
  {
    name: 'bias-left-out-of-the-norm',
    bug: 'the bias does not count for the norm that is clipped',
    file: 'node/training/layer-rules/dense.ts',
    find: 'const factor = useBias ? tf.add(inputSquares, 1) : inputSquares',
    replace: 'const factor = useBias ? tf.add(inputSquares, 0) : inputSquares',
    seenBy: 'passes',
  },
  {
    name: 'scale-doubled',
    bug: 'an update is scaled by twice the scale that its sensitivity is for',
    file: 'node/worker/local-update.ts',
    find: 'const words = quantise(values, sum.fixedPoint.scale)',
    replace: 'const words = quantise(values, 2 * sum.fixedPoint.scale)',
    seenBy: 'sensitivity',
  },
]

const STATISTICS: readonly Plant[] = [
  {
    name: 'unbounded-statistics',
    bug: 'records are added to the statistics as they are, not clipped to the bounds',
    file: 'node/training/normaliser.ts',
    find: 'return (2 * (Math.max(low, Math.min(high, value)) - low)) / (high - low) - 1',
    replace: 'return (2 * (value - low)) / (high - low) - 1',
    seenBy: 'statistics',
  },
  {
    name: 'squares-left-out-of-the-norm',
    bug: 'the square sums and the count do not count for the length of what a record adds to the statistics',
    file: 'protocols/study/normalisation.ts',
    find: 'return Math.sqrt(statisticsDimension(columns))',
    replace: 'return Math.sqrt(columns)',
    seenBy: 'statistics',
  },
  {
    name: 'features-not-clipped',
    bug: 'features are added up as long as they are, not clipped to their public norm',
    file: 'node/training/normaliser.ts',
    find: 'const factor = CLIP_MARGIN * Math.min(1, norm / own)',
    replace: 'const factor = CLIP_MARGIN',
    seenBy: 'feature-mean',
  },
  {
    name: 'patient-features-summed',
    bug: "a patient's features are clipped record by record and added up, so that a patient of many records adds many",
    file: 'node/training/normaliser.ts',
    find: 'const factor = CLIP_MARGIN * Math.min(1, norm / own)',
    replace: 'const factor = records.length * CLIP_MARGIN * Math.min(1, norm / own)',
    seenBy: 'patient-mean',
  },
]

const COUNTING: readonly Plant[] = [
  {
    name: 'duplicates-count-twice',
    bug: 'an image that stands in the data twice counts twice',
    file: 'node/datasets/distinct.ts',
    find: 'if (!countsOnce({ shape })) return [...records]\n',
    replace: 'if (shape.length > 0) return [...records]\n',
    seenBy: 'duplicates',
  },
  {
    name: 'ambiguous-image-counts',
    bug: 'of an image with two labels the first counts',
    file: 'node/datasets/distinct.ts',
    find: 'else if (labels[before] !== labels[record]) ambiguous.add(digest)',
    replace: 'else if (labels[before] !== labels[record]) ambiguous.delete(digest)',
    seenBy: 'duplicates',
  },
]

const PATIENTS: readonly Plant[] = [
  {
    name: 'patient-clipped-by-record',
    bug: 'each record of a patient is clipped by itself',
    file: 'node/training/data-trainer.ts',
    find: 'yield { size, indices: Uint32Array.from(indices) }',
    replace: 'yield { size: 1, indices: Uint32Array.from(indices) }',
    seenBy: 'patient',
  },
  {
    name: 'patient-sampled-by-record',
    bug: 'records of a patient are drawn and clipped one by one',
    file: 'node/training/data-trainer.ts',
    find: 'sidesOf(unitsOf(document.unit, records), isHeldBack(document, records))',
    replace: "sidesOf(unitsOf('record', records), isHeldBack(document, records))",
    seenBy: 'patient',
  },
  {
    name: 'patient-counts-by-record',
    bug: 'each record of a patient counts in the statistics',
    file: 'node/training/data-trainer.ts',
    find: 'boundedRecords(document, records), presentUnits())',
    replace: "boundedRecords(document, records), unitsOf('record', records))",
    seenBy: 'patient-statistics',
  },
  {
    name: 'images-of-two-patients-count-once',
    bug: 'an image that two patients have counts once, or not at all',
    file: 'node/datasets/distinct.ts',
    find: "if (unit === 'record') kept",
    replace: 'if (true) kept',
    seenBy: 'shared-image',
  },
]

const FIXED_SIZE =
  '  const order = Array.from({ length: records }, (_, at) => ({ at, key: reader.uniformUint32() })).sort((a, b) => a.key - b.key)\n' +
  '  const size = Math.round((records * sampleRate) / 2 ** 32)\n' +
  '  for (const { at } of order.slice(0, size).sort((a, b) => a.at - b.at)) sample.push(at)'

const SAMPLING: readonly Plant[] = [
  choices('shuffled-batches', FIXED_SIZE, {
    bug: 'batches of a fixed size are accounted as Poisson samples',
    seenBy: 'sampling',
  }),
  choices('shuffled-batches', FIXED_SIZE, {
    bug: 'batches of a fixed size are accounted as Poisson samples, and what is drawn does not decide',
    seenBy: 'rate',
  }),
  choices('last-record-left-out', CHOICES.replace('< records', '< records - 1'), {
    bug: 'the last record is never sampled',
    seenBy: 'sampling',
  }),
  choices(
    'one-draw-for-all',
    `  const word = reader.uniformUint32()\n${CHOICES.replace('reader.uniformUint32()', 'word')}`,
    { bug: 'one draw decides for all records', seenBy: 'sampling' },
  ),
  choices(
    'same-sample-in-every-round',
    `${CHOICES}\n  const kept = ((globalThis as { samples?: WeakMap<Rng, number[]> }).samples ??= new WeakMap<Rng, number[]>())\n  const first = kept.get(rng) ?? sample.slice()\n  kept.set(rng, first)\n  sample.splice(0, sample.length, ...first)`,
    { bug: 'every round has the sample of the first', seenBy: 'sampling' },
  ),
  choices('rate-rounded', CHOICES.replace('< sampleRate', '< Math.round(sampleRate / 2 ** 24) * 2 ** 24'), {
    bug: 'q is rounded to 1/256',
    seenBy: 'rate',
  }),
  choices('rate-in-float32', CHOICES.replace('< sampleRate', '< Math.fround(sampleRate)'), {
    bug: 'q is rounded to 24 bits',
    seenBy: 'rate',
  }),
  choices('rate-one-too-high', CHOICES.replace('< sampleRate', '<= sampleRate'), {
    bug: 'q is too high by 2^−32',
    seenBy: 'rate',
  }),
  choices('rate-one-too-low', CHOICES.replace('< sampleRate', '< sampleRate - 1'), {
    bug: 'q is too low by 2^−32',
    seenBy: 'rate',
  }),
  {
    name: 'empty-batch-skipped',
    bug: 'a hospital whose batch is empty stays out of the round',
    file: 'node/worker/worker-calls.ts',
    find: 'vectors.setUpdate(round, update)',
    replace: 'if (update.some(value => value !== 0)) vectors.setUpdate(round, update)',
    seenBy: 'noise',
    refusal: /no trained update/,
  },
]

export const RECORD_PLANTS: readonly Plant[] = [...CLIPPING, ...STATISTICS, ...COUNTING, ...PATIENTS, ...SAMPLING]
