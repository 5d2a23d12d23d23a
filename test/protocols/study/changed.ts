/** Documents with one field changed, and what becomes of them. @module */

import { ProtocolError } from '../../../protocols/errors.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'

/** The code of what an action throws; `accepted` when it throws nothing. */
export const codeOf = (action: () => unknown): string => {
  try {
    action()
    return 'accepted'
  } catch (error) {
    return error instanceof ProtocolError ? error.code : `another exception: ${error}`
  }
}

/** The document with one field replaced, `undefined` removes it. */
export function changedIn(study: StudyDocument, path: string, value: unknown): unknown {
  const copy = structuredClone(study) as unknown as Record<string, unknown>
  const keys = path.split('.')
  const last = keys.pop()!
  const parent = keys.reduce((node, key) => node[key] as Record<string, unknown>, copy)
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return copy
}
