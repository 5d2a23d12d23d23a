/** Every kind of evidence, by name. A new one is a row of `EVIDENCE` in messages/evidence.ts, a file here and a line. @module */

import type { Evidence, EvidenceOf } from '../../messages/evidence.ts'
import type { EvidenceKind } from '../judge.ts'
import { EQUIVOCATION } from './equivocation.ts'
import { FALSE_FINGERPRINT } from './false-fingerprint.ts'
import { FALSE_MISSING } from './false-missing.ts'
import { FALSE_RELEASE } from './false-release.ts'
import { FALSE_SUM } from './false-sum.ts'
import { INVALID } from './invalid.ts'

const KINDS = {
  equivocation: EQUIVOCATION,
  invalid: INVALID,
  'false-release': FALSE_RELEASE,
  'false-sum': FALSE_SUM,
  'false-fingerprint': FALSE_FINGERPRINT,
  'false-missing': FALSE_MISSING,
} satisfies { readonly [K in Evidence['kind']]: EvidenceKind<EvidenceOf<K>> }

/** The kind that evidence is of: it takes this evidence, and no other. */
export function kindOf({ kind }: Evidence): EvidenceKind {
  return KINDS[kind]
}
