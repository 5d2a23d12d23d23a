import { seal } from '../../../crypto/envelope.ts'
import type { Signer } from '../../../crypto/signature.ts'
import { type Body, encodeBody, encodeEnvelope } from '../../../protocols/messages/messages.ts'
import { encodeResultValue, valueId } from '../../../protocols/messages/result-value.ts'
import { encodeChange, type RosterChange } from '../../../protocols/roster/change.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import type { Link } from '../../../protocols/transcript/link.ts'

/** A session id that names its round. */
export const sidOf = (round: number): Uint8Array => new Uint8Array(32).fill(round)

/** A certified RESULT, as a disk holds it, without its votes. */
export function resultLink(round: number, members: readonly number[], change: RosterChange | null = null): Link {
  const value = encodeResultValue({
    ...{
      outcome: 'result',
      kind: 'training',
      sid: sidOf(round),
      sum: sidOf(200),
      checkpoint: sidOf(201),
      members: [...members],
      view: 0,
    },
    change: change && encodeChange(change),
  })
  return { round, value, precommits: [] }
}

/** A certified VOID; one that was never opened has a sid of zeros. */
export function voidLink(round: number, { opened = false }: { opened?: boolean } = {}): Link {
  const value = encodeResultValue({ outcome: 'void', sid: opened ? sidOf(round) : new Uint8Array(32), members: [] })
  return { round, value, precommits: [] }
}

/** A certified RESULT with its votes. */
export function certifiedLink(
  document: StudyDocument,
  round: number,
  { signers, roster, checkpoint, change }: LinkTerms,
): Link {
  const value = encodeResultValue({
    ...{
      outcome: 'result',
      kind: round === 0 ? 'statistics' : 'training',
      sid: sidOf(round),
      sum: sidOf(200),
      checkpoint,
    },
    ...{ members: [0, 1, 2], view: 0, change: change === undefined ? null : encodeChange(change) },
  })
  const vote = { instance: 'result', view: 0, value: valueId(value) }
  const body = { type: 'precommit', study: studyIdOf(document), roster, round, ...vote } as Body
  const precommits = signers.map(signer => encodeEnvelope(seal(signer, encodeBody(body))))
  return { round, value, precommits }
}

interface LinkTerms {
  /** who votes */
  readonly signers: readonly Signer[]
  /** version */
  readonly roster: number
  readonly checkpoint: Uint8Array
  readonly change?: RosterChange
}
