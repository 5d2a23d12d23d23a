/**
 * Poisson sampling, as the accountant assumes it: each record is in the sample with probability q, independently.
 *
 * @module
 */

import { CryptoError } from '../../crypto/errors.ts'
import { RandomReader, READER_WORDS_MAX, type Rng } from '../../crypto/rng.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'

/**
 * Draws one Poisson sample. It draws one word for every record, sampled or not.
 *
 * @param records     number of records
 * @param sampleRate  a of q = a / 2^32, 0 to 2^32
 * @returns           indices of the sampled records, ascending
 * @throws CryptoError `out-of-range`
 */
export function poissonSample(records: number, sampleRate: number, rng: Rng): Uint32Array {
  if (!Number.isInteger(sampleRate) || sampleRate < 0 || sampleRate > SAMPLE_RATE_ONE) {
    throw new CryptoError('out-of-range', `sample rate is ${sampleRate}, expected an integer from 0 to 2^32`)
  }
  if (records === 0) return new Uint32Array(0)
  const reader = new RandomReader(rng, Math.min(records, READER_WORDS_MAX))
  const sample: number[] = []
  for (let record = 0; record < records; record++) {
    if (reader.uniformUint32() < sampleRate) sample.push(record)
  }
  reader.wipe()
  return Uint32Array.from(sample)
}
