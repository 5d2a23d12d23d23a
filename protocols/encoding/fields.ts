/** Schemas of the fields that others send: every one has a bound. @module */

import { z } from 'zod'

/** A byte string of exactly so many bytes. */
export const bytesOf = (length: number, message: string = `expected ${length} bytes`) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === length, message)

/** A byte string of at most so many bytes. */
export const bytesUpTo = (max: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= max, `expected at most ${max} bytes`)

/** A SHA-256, or another 32 bytes that name something. */
export const hash32 = bytesOf(32)

/** A whole number from `min` to `max`, both included. */
export const whole = (min: number, max: number) => z.number().int().min(min).max(max)

/** A finite number within limits, both included. */
export const real = (min: number, max: number) => z.number().min(min).max(max)

/** A whole number of 32 bits: a round, a version, a length. */
export const uint32 = whole(0, 0xffffffff)

/** A place among `count`, from 0 on. */
export const placeIn = (count: number) => whole(0, count - 1)

/**
 * A record of exactly these fields. A byte string is refused first: as an object it has a field for each byte, and the
 * list of unknown fields in an error would take a hundred times its length.
 */
export function record<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess(value => (value instanceof Uint8Array ? null : value), z.strictObject(shape))
}
