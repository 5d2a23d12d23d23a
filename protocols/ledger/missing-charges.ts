/**
 * Compares a hospital's ledger with the transcript of a study, and finds the rounds that the ledger lacks: because an
 * old copy of it was restored, or because the hospital goes on under a new key without the ledger of the old one.
 *
 * @module
 */

import { hex } from '../immutable.ts'
import { decodeResultValue, type ResultValue } from '../messages/result-value.ts'
import { decodeChange } from '../roster/change.ts'
import { peerString } from '../roster/roster.ts'
import { extendHead, firstHead, type StudyContext } from '../transcript/head.ts'
import type { Link } from '../transcript/link.ts'
import type { LedgerState } from './ledger.ts'

/** A round to charge. */
export interface MissingCharge {
  readonly round: number
  /** 32 bytes; zeros for a round that was never opened */
  readonly sid: Uint8Array
  readonly contributors: number
}

/** A certified round; `named` are the peer ids of its contributors, or of those that prevented its result. */
interface CertifiedRound {
  readonly round: number
  readonly value: ResultValue
  readonly named: readonly string[]
  /** peer ids of the roster in that round */
  readonly roster: readonly string[]
  /** peer ids that change with this round's result: the old one and the new one */
  readonly rotation: readonly [string, string] | null
}

/** The peer ids of a hospital over a transcript: its own, and those that it had before rotations of the roster. */
function lineageOf(rounds: readonly CertifiedRound[], peer: string): ReadonlySet<string> {
  const lineage = new Set([peer])
  for (const { rotation } of rounds.toReversed()) {
    if (rotation !== null && lineage.has(rotation[1])) lineage.add(rotation[0])
  }
  return lineage
}

/**
 * The rounds that the ledger lacks. A RESULT with our update is lacking when it was not charged. If one is, the ledger
 * is older than what we released, and a VOID does not say whether we released in it: then **every** round between the
 * ledger's last entry of the study and the transcript's head counts as charged. So it does when `restored` says that the
 * ledger or the store was restored.
 *
 * @param links certified links from the study's first round on, without a gap; they were verified before
 * @returns in the order of the rounds
 */
export function missingCharges(
  links: readonly Link[],
  { context, ledger, peer, restored }: { context: StudyContext; ledger: LedgerState; peer: string; restored: boolean },
): MissingCharge[] {
  const rounds = certifiedRounds(links, context)
  const lineage = lineageOf(rounds, peer)
  const study = hex(context.study)
  // a round is charged once
  const charged = new Set(ledger.charges(study).map(({ round }) => round))
  const uncharged = rounds.filter(({ round, roster }) => !charged.has(round) && roster.some(one => lineage.has(one)))
  const isLacking = ({ value, named }: CertifiedRound): boolean =>
    value.outcome === 'result' && named.some(member => lineage.has(member))
  const last = ledger.lastRound(study)
  const isBehind = restored || uncharged.some(isLacking)
  return uncharged
    .filter(one => isLacking(one) || (isBehind && one.round >= last))
    .map(({ round, value, roster }) => {
      // a VOID does not say how many contributed: the more there were, the less noise was each one's
      return { round, sid: value.sid, contributors: value.outcome === 'result' ? value.members.length : roster.length }
    })
}

function certifiedRounds(links: readonly Link[], context: StudyContext): CertifiedRound[] {
  let head = firstHead(context)
  return links.map(link => {
    const value = decodeResultValue(link.value)
    const { peers } = head.roster
    const named = value.members.map(member => peers[member] ?? '')
    const change = value.outcome === 'result' && value.change !== null ? decodeChange(value.change) : null
    const rotation =
      change?.kind === 'rotate' ? ([peerString(change.id), peerString(change.hospital.id)] as const) : null
    head = extendHead(head, { link, value }, context)
    return { round: link.round, value, named, roster: peers, rotation }
  })
}
