/** The transcript's next link, from the votes that certify it. @module */

import { fromString } from 'uint8arrays/from-string'
import { collectProof } from '../agreement/proof.ts'
import type { Link } from '../transcript/link.ts'
import { messagesIn } from './message-table.ts'
import type { RoundState } from './state.ts'

/** The certified round as a link of the transcript; undefined before the decision. */
export function decidedLink({ round, result, messages }: RoundState, quorum: number): Link | undefined {
  if (result.decision === null) return undefined
  const { id, view, value } = result.decision
  const proven = { phase: 'precommit', instance: 'result', round, view, id: fromString(id, 'hex') } as const
  return { round, value, precommits: collectProof(messagesIn(messages), proven, quorum) as Uint8Array[] }
}
