import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import { ProtocolError } from '../../errors.ts'
import * as limit from '../limits.ts'
import {
  BOUND_SCHEMA,
  CLASSES_SCHEMA,
  type ContractKind,
  checkBounds,
  checkLabels,
  LABELS_SCHEMA,
  PATIENTS_SCHEMA,
} from './fields.ts'

export const VECTOR_SCHEMA = z.strictObject({
  kind: z.literal('vector'),
  shape: z.tuple([whole(1, limit.VECTOR_LENGTH_MAX)]),
  classes: CLASSES_SCHEMA,
  labels: LABELS_SCHEMA,
  patients: PATIENTS_SCHEMA,
  bounds: z
    .array(z.tuple([BOUND_SCHEMA, BOUND_SCHEMA]))
    .max(limit.BOUNDS_MAX)
    .exactOptional(),
})
export type VectorContract = z.output<typeof VECTOR_SCHEMA>

/** Rows of numbers that are ready to train on. */
export const VECTOR: ContractKind<VectorContract> = {
  plural: 'vectors',
  check: contract => {
    checkLabels(contract)
    const { bounds, shape } = contract
    if (bounds === undefined) return
    if (bounds.length !== shape[0]) {
      throw new ProtocolError('bad-bounds', `contract.bounds has ${bounds.length} columns and a record ${shape[0]}`)
    }
    checkBounds('contract.bounds', bounds)
  },
  bounds: ({ bounds }) => bounds ?? null,
  sentence: ({ bounds }) => (bounds === undefined ? 'numbers as they are' : 'numbers within public bounds'),
}
