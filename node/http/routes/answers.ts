/** How a route states its answers, in the document and for its handler's types. @module */

import type { z } from '@hono/zod-openapi'
import { PROBLEM_SCHEMA } from '../api/fields.ts'
import { PROBLEM_TYPE } from '../problem.ts'

const PROBLEM = { description: 'why not', content: { [PROBLEM_TYPE]: { schema: PROBLEM_SCHEMA } } } as const

/** Every route may answer with a problem, which its handler throws. */
export const FAILS = { default: PROBLEM } as const

/** An answer of a schema. */
export function ok<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } } as const
}

/** A body that the route cannot do without. */
export function body<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } } as const
}

/** What a caller must show. */
export const ACTING: { [scheme: string]: string[] }[] = [{ token: [] }, { session: [] }]
