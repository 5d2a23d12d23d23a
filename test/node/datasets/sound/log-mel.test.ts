// Claims of node/datasets/sound/log-mel.ts and exact-math.ts: the arithmetic agrees with the engine's functions and with a
// library's transform; a record is what a sine says that it should be; its values are pinned to the last bit.

import { createHash } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { createFourierPlan } from '../../../../crypto/accounting/fourier.ts'
import { exactLog, unitRoots } from '../../../../node/datasets/sound/exact-math.ts'
import {
  createLogMel,
  createPowerSpectrum,
  type LogMelSteps,
  melFilters,
} from '../../../../node/datasets/sound/log-mel.ts'
import { uniforms } from '../../training/engines.ts'

const STEPS: LogMelSteps = { shape: [12, 16], rate: 8000, window: 256, hop: 128, level: [-16, 0] }

function recordOf(steps: LogMelSteps, sound: Float64Array): Float32Array {
  const record = new Float32Array(steps.shape[0] * steps.shape[1])
  createLogMel(steps).into(record, sound)
  return record
}

function noise(seed: string, length: number): Float64Array {
  const random = uniforms(seed)
  return Float64Array.from({ length }, () => random() - 0.5)
}

test('the logarithm is that of the engine to its last bits, and exact for powers of two', t => {
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), value => {
      t.true(
        Math.abs(exactLog(value) - Math.log(value)) <= 4e-16 * Math.max(1, Math.abs(Math.log(value))),
        String(value),
      )
    }),
    { numRuns: 5000 },
  )
  t.is(exactLog(1), 0)
  t.is(exactLog(8), 3 * Math.LN2)
  t.is(exactLog(0.25), -2 * Math.LN2)
})

test('unit roots are cosines and sines', t => {
  for (let points = 2; points <= 8192; points *= 2) {
    const roots = unitRoots(points)
    for (let k = 0; k < points; k++) {
      const angle = (2 * Math.PI * k) / points
      t.true(Math.abs(roots[2 * k]! - Math.cos(angle)) < 2e-15 && Math.abs(roots[2 * k + 1]! + Math.sin(angle)) < 2e-15)
    }
  }
})

test('the power spectrum is that of a library', t => {
  for (const window of [16, 64, 256, 1024]) {
    const frame = noise(`spectrum ${window}`, window)
    const weighted = frame.map((value, i) => value * 0.5 * (1 - Math.cos((2 * Math.PI * i) / window)))
    const spectrum = new Float64Array(2 * window)
    createFourierPlan(window).realTransform(spectrum, weighted)
    createPowerSpectrum(window)(frame).forEach((power, k) => {
      const expected = (spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2) * (4 / window) ** 2
      t.true(Math.abs(power - expected) < 1e-14, `${window}, ${k}`)
    })
  }
})

test('a sine of amplitude 1 has power 1 at its frequency', t => {
  const window = 256
  const frame = Float64Array.from({ length: window }, (_, i) => Math.sin((2 * Math.PI * 20 * i) / window))
  t.true(Math.abs(createPowerSpectrum(window)(frame)[20]! - 1) < 1e-12)
})

test('every band has a weight, and between the first and the last peak all weights of a frequency add up to 1', t => {
  for (const [bands, window] of [
    [4, 16],
    [16, 256],
    [64, 256],
    [256, 1024],
  ] as const) {
    const filters = melFilters({ bands, rate: 8000, window })
    const sums = new Float64Array(window / 2 + 1)
    for (const { first, weights } of filters) {
      t.true(weights.length > 0 && weights.every(weight => weight >= 0 && weight <= 1))
      weights.forEach((weight, i) => {
        sums[first + i]! += weight
      })
    }
    const last = filters.at(-1)!
    const [from, to] = [filters[0]!.first + filters[0]!.weights.length, last.first]
    for (let k = from; k < to; k++) t.true(Math.abs(sums[k]! - 1) < 1e-9, `${bands}: ${k}`)
  }
})

test('a higher tone is in a higher band, a louder one has a larger value, silence is 0', t => {
  const tone = (hertz: number, amplitude: number) =>
    Float64Array.from({ length: 2000 }, (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / 8000))
  const loudest = (record: Float32Array) => {
    const bands = Array.from(record.subarray(0, 16))
    return bands.indexOf(Math.max(...bands))
  }
  const found = [100, 300, 700, 1500, 3000].map(hertz => loudest(recordOf(STEPS, tone(hertz, 0.5))))
  t.deepEqual(
    found,
    found.toSorted((a, b) => a - b),
  )
  t.is(new Set(found).size, 5)
  const [loud, soft] = [0.5, 0.05].map(
    amplitude => recordOf(STEPS, tone(700, amplitude))[loudest(recordOf(STEPS, tone(700, 0.5)))]!,
  )
  // a tenth of the amplitude is a hundredth of the energy
  t.true(Math.abs(loud! - soft! - Math.log(100) / 16) < 1e-3)
  t.true(recordOf(STEPS, new Float64Array(2000)).every(value => value === 0))
})

test('a short sound is padded with silence, a long one is cut, and values stay within 0 and 1', t => {
  const { samples } = createLogMel(STEPS)
  t.is(samples, 11 * 128 + 256)
  const sound = noise('long', 3000)
  t.deepEqual(recordOf(STEPS, sound), recordOf(STEPS, sound.subarray(0, samples)))
  const padded = new Float64Array(samples)
  padded.set(sound.subarray(0, 500))
  t.deepEqual(recordOf(STEPS, sound.subarray(0, 500)), recordOf(STEPS, padded))
  t.true(
    recordOf(STEPS, sound.subarray(0, 500))
      .subarray(4 * 16)
      .every(value => value === 0),
  )
  for (const factor of [1e-30, 1, 1e30]) {
    t.true(
      recordOf(
        STEPS,
        sound.map(value => value * factor),
      ).every(value => value >= 0 && value <= 1),
    )
  }
})

test('the values of a record are pinned to the last bit', t => {
  const record = recordOf(STEPS, noise('pinned', 1700))
  const hash = createHash('sha256').update(new Uint8Array(record.buffer)).digest('hex')
  t.deepEqual(Array.from(record.subarray(0, 4)), PINNED)
  t.is(hash, PINNED_SHA256)
})

const PINNED = [0.6387197971343994, 0.6146175265312195, 0.6344359517097473, 0.6769812107086182]
const PINNED_SHA256 = 'ab0103f93d7b36ee0137e3dd1da1a717b1f88222cbe370d78a6e5e1352989a96'
