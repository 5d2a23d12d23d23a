import { encodeResultValue } from '../../../protocols/messages/result-value.ts'
import { encodeChange, type RosterChange } from '../../../protocols/roster/change.ts'
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
