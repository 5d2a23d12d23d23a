/** A message in words, for sentences to the operator. @module */

import type { Body } from '../messages/messages.ts'

/** The kind of a message, with its round, view or attempt. */
export function sayingOf(body: Body): string {
  const instance = 'instance' in body ? ` of the agreement on the ${body.instance}` : ''
  const view = 'view' in body ? `, view ${body.view}` : ''
  const attempt = 'attempt' in body ? `, attempt ${body.attempt}` : ''
  return `${body.type.toUpperCase()}${instance} for round ${body.round}${view}${attempt}`
}
