/**
 * Length and range checks shared by every primitive. Public functions begin with them.
 *
 * @module
 */

import { CryptoError } from './errors.ts'

/** @throws CryptoError `length-mismatch` unless `bytes` has exactly `length` bytes */
export function requireLength(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length !== length) {
    throw new CryptoError('length-mismatch', `${name} has ${bytes.length} bytes, expected ${length}`)
  }
}

/** @throws CryptoError `out-of-range` unless `value` is an integer of [min, max] */
export function requireInteger(value: number, { min, max }: { min: number; max: number }, name: string): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new CryptoError('out-of-range', `${name} is ${value}, expected an integer from ${min} to ${max}`)
  }
}

/** @throws CryptoError `out-of-range` unless `value` is a finite number of [min, max] */
export function requireReal(value: number, { min, max }: { min: number; max: number }, name: string): void {
  if (!Number.isFinite(value) || value < min || value > max) {
    throw new CryptoError('out-of-range', `${name} is ${value}, expected a number from ${min} to ${max}`)
  }
}
