/**
 * Terms of a study that a later version of this program may know more of. What this version does not know is refused by
 * name: such a study is not malformed, and its operator needs a newer program.
 *
 * @module
 */

import type { z } from 'zod'
import { printable } from '../encoding/printable.ts'
import { ProtocolError } from '../errors.ts'

/** The terms of which this version knows one value each. */
export const ONLY_TERMS = {
  cohort: 'open',
  wordBits: 32,
} as const

/**
 * The error for a document with a term, or a value of a term, that a later version may know; undefined where the issue is
 * another.
 *
 * @param issue of the schema
 */
export function needsNewer(issue: z.core.$ZodIssue, document: unknown): ProtocolError | undefined {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return newerNeeded(`The study has the term "${[...path, ...issue.keys.slice(0, 1)].join('.')}"`)
  }
  const value = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], document)
  // a later study may have no model, or one that a file holds
  if (value === undefined && path.join('.') === 'model') return newerNeeded('The study has no model')
  if (value === undefined && path.join('.') === 'model.preset') return newerNeeded("The study's model is no preset")
  const isOpen =
    issue.code === 'invalid_value' ||
    (issue.code === 'invalid_union' && 'discriminator' in issue) ||
    (issue.code === 'invalid_type' && (issue.expected as string) === 'null')
  if (!isOpen || value === undefined) return undefined
  return newerNeeded(`The study's ${path.join('.')} is ${textOf(value)}`)
}

function textOf(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) || value === null ? JSON.stringify(value) : 'a value'
}

function newerNeeded(what: string): ProtocolError {
  return new ProtocolError(
    'needs-newer',
    printable(`${what}, which this version does not know: it needs a newer Confrère`),
  )
}
