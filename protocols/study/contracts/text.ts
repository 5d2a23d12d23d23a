import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import * as limit from '../limits.ts'
import {
  CLASSES_SCHEMA,
  type ContractKind,
  checkLabels,
  LABELS_SCHEMA,
  NAME_SCHEMA,
  PATIENTS_SCHEMA,
} from './fields.ts'

export const TEXT_SCHEMA = z.strictObject({
  kind: z.literal('text'),
  /** entries that tokens are hashed to */
  shape: z.tuple([whole(16, limit.TEXT_ENTRIES_MAX)]),
  classes: CLASSES_SCHEMA,
  labels: LABELS_SCHEMA,
  patients: PATIENTS_SCHEMA,
  /** longest run of words that is a token */
  words: whole(1, limit.TEXT_WORDS_MAX),
  /** columns of the text and of its label, in a CSV, TSV or Parquet file */
  text: NAME_SCHEMA,
  label: NAME_SCHEMA,
  patient: NAME_SCHEMA.exactOptional(),
  split: NAME_SCHEMA.exactOptional(),
})
export type TextContract = z.output<typeof TEXT_SCHEMA>

/** Texts as hashed bags of words: square roots of counts, of norm 1. */
export const TEXT: ContractKind<TextContract> = {
  plural: 'texts',
  check: checkLabels,
  bounds: () => null,
  sentence: ({ words }) => `hashed runs of ${words === 1 ? 'one word' : `1 to ${words} words`}`,
}
