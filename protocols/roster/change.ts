/**
 * One change of the roster: admits or removes a hospital, or replaces its key. A quorum approves it, a certified result
 * contains it, and it takes effect in the next round.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../encoding/codec.ts'
import { bytesOf } from '../encoding/fields.ts'
import { printable } from '../encoding/printable.ts'
import { ProtocolError } from '../errors.ts'
import { validateStudy } from '../study/document.ts'
import { requireRoom } from '../study/plan.ts'
import { HOSPITAL_SCHEMA } from '../study/schema.ts'
import type { StudyDocument } from '../study/types.ts'
import { CHANGE_BYTES_MAX } from './limits.ts'
import { createRoster, type Hospital, memberOf, peerString, type Roster } from './roster.ts'

const id = bytesOf(38, 'must be a raw PeerId')

const CHANGE = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('admit'), hospital: HOSPITAL_SCHEMA }),
  z.strictObject({ kind: z.literal('remove'), id }),
  /** `hospital` replaces `id`: a new key, and perhaps new addresses */
  z.strictObject({ kind: z.literal('rotate'), id, hospital: HOSPITAL_SCHEMA }),
])

export type RosterChange = z.infer<typeof CHANGE>

export function encodeChange(change: RosterChange): Uint8Array {
  return encode(change)
}

/** @throws ProtocolError `bad-change` */
export function decodeChange(bytes: Uint8Array): RosterChange {
  const parsed = CHANGE.safeParse(decode(bytes, CHANGE_BYTES_MAX))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ProtocolError(
    'bad-change',
    printable(`not a change of a roster: ${issue?.path.join('.')}: ${issue?.message}`),
  )
}

/**
 * The next version of a roster. It must be valid as the founding roster of the study: enough hospitals for its
 * colluders, no name or key twice, no more contributors than its noise leaves room for.
 *
 * @param document the study; its founding hospitals are ignored
 * @throws ProtocolError `bad-change`, with the reason
 */
export function applyChange(document: StudyDocument, roster: Roster, change: RosterChange): Roster {
  const without = (raw: Uint8Array): Hospital[] => {
    if (memberOf(roster, raw) === undefined) {
      throw new ProtocolError('bad-change', `${peerString(raw)} is not in version ${roster.version} of the roster`)
    }
    return roster.hospitals.filter(hospital => Buffer.compare(hospital.id, raw) !== 0)
  }
  const kept = change.kind === 'admit' ? [...roster.hospitals] : without(change.id)
  const hospitals = change.kind === 'remove' ? kept : [...kept, change.hospital]
  hospitals.sort((a, b) => Buffer.compare(a.id, b.id))
  try {
    validateStudy({ ...document, hospitals })
    requireRoom(document, hospitals.length)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new ProtocolError('bad-change', `the study cannot go on like that: ${cause.message}`, { cause })
  }
  return createRoster(hospitals, roster.version + 1)
}

/** Whether a change is valid after a roster. */
export function fits(document: StudyDocument, roster: Roster, change: Uint8Array): boolean {
  try {
    applyChange(document, roster, decodeChange(change))
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

/** Describes a change to the operator, who must decide on it. */
export function describeChange(change: RosterChange): string {
  const newcomer = (hospital: { readonly id: Uint8Array; readonly name: string }) =>
    `"${printable(hospital.name)}" (${peerString(hospital.id)})`
  switch (change.kind) {
    case 'admit':
      return `admit ${newcomer(change.hospital)}`
    case 'remove':
      return `remove ${peerString(change.id)}`
    case 'rotate':
      return `${newcomer(change.hospital)} in place of ${peerString(change.id)}`
  }
}
