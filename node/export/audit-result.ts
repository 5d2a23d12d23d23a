/** What an export says of an audit of its study: the bounds that made-up records gave, and nothing about true ones. @module */

import { z } from 'zod'
import { EXIT, OperatorError } from '../errors.ts'
import { epsilonFoundText, epsilonText } from '../privacy/epsilon-text.ts'

/** Of `confrere audit --json`. */
export const AUDIT_BYTES_MAX = 1 << 20

const HASH = z.string().regex(/^[0-9a-f]{64}$/)
const OBSERVER = z.enum(['model', 'colluding'])
/** Infinity is null in JSON. */
const EPSILON = z.number().nullable()

const AUDIT_OUTPUT = z.looseObject({
  study: HASH,
  checkpoint: HASH.nullable(),
  rounds: z.int(),
  refuted: z.boolean(),
  canary: z.looseObject({
    canaries: z.int(),
    rounds: z.int(),
    findings: z.array(z.looseObject({ observer: OBSERVER, claimed: EPSILON, epsilon: EPSILON })),
  }),
})

const TEXT = z.string().max(20)
const AUDIT_RESULT = z.strictObject({
  study: HASH,
  checkpoint: HASH,
  /** rounds that were rehearsed, and made-up records in them */
  rounds: z.int(),
  canaries: z.int(),
  /** lower bounds on epsilon that were found, beside what is claimed; as shown */
  findings: z.array(z.strictObject({ observer: OBSERVER, claimed: TEXT, found: TEXT })).max(OBSERVER.options.length),
})

/** An audit that refuted nothing, of one study and checkpoint. */
export type AuditResult = z.infer<typeof AUDIT_RESULT>

/** The bytes of audit.json. */
export function encodeAudit(audit: AuditResult): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(AUDIT_RESULT.parse(audit), null, 2)}\n`)
}

/** Undefined: it is not an audit's result. */
export function decodeAudit(bytes: Uint8Array): AuditResult | undefined {
  return AUDIT_RESULT.safeParse(parsedJson(bytes)).data
}

/**
 * Takes the result of `confrere audit --json` for an export.
 *
 * @param file only names it
 * @throws OperatorError `audit-unreadable` (exit code 2); `audit-of-other`, `audit-refuted` (exit code 8)
 */
export function auditResultOf(
  bytes: Uint8Array,
  { file, study, checkpoint }: { file: string; study: string; checkpoint: string },
): AuditResult {
  const parsed = AUDIT_OUTPUT.safeParse(parsedJson(bytes))
  if (!parsed.success) {
    throw new OperatorError('audit-unreadable', `${file} is not what "confrere audit --json" prints`, {
      hint: 'Write it with: confrere audit --data DIR --out audit.html --json > audit.json',
      exitCode: EXIT.usage,
    })
  }
  const { canary, rounds: _, refuted, ...named } = parsed.data
  if (named.study !== study || named.checkpoint !== checkpoint) {
    const what = named.study === study ? 'another checkpoint' : 'another study'
    throw new OperatorError('audit-of-other', `The audit in ${file} is of ${what} than the one that is exported`, {
      hint: 'Stop the node, so that its newest model stays the same, and audit that: confrere audit --data DIR --out audit.html --json > audit.json',
      exitCode: EXIT.verificationFailed,
    })
  }
  if (refuted) {
    throw new OperatorError('audit-refuted', `The audit in ${file} refutes what the study promises`, {
      hint: 'Do not hand this model out until it is known why: the page of the audit has what was measured.',
      exitCode: EXIT.verificationFailed,
    })
  }
  const findings = canary.findings.map(({ observer, claimed, epsilon }) => {
    return { observer, claimed: epsilonText(claimed ?? Infinity), found: epsilonFoundText(epsilon ?? Infinity) }
  })
  return { study, checkpoint, rounds: canary.rounds, canaries: canary.canaries, findings }
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}
