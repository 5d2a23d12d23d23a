/** Schemas of what others send. @module */

import { z } from 'zod'

/**
 * A record of exactly these fields. A byte string is none: as a record it would have a field for each of its bytes, and
 * a schema that lists the unknown ones takes a hundred times its length.
 */
export function record<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess(value => (value instanceof Uint8Array ? null : value), z.strictObject(shape))
}
