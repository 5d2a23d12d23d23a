/**
 * Whether this node may still take part: its place in the roster, and its privacy budget.
 *
 * @module
 */

import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import { mainCharges, paysFor } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { extendHead, firstHead } from '../../protocols/transcript/head.ts'
import { decodeLink, type Link } from '../../protocols/transcript/link.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { budgetSpent } from '../privacy/account.ts'
import type { SavedRound, Store } from '../storage/store.ts'

/** One that was in a roster and is not in the newest has no business any more; one that never was may be admitted yet. */
export async function requirePlace(store: Store, context: StepContext): Promise<void> {
  const { peer, founding, document } = context
  const links = (await store.links(0, Number.MAX_SAFE_INTEGER)).map(decodeLink)
  let head = firstHead(context)
  let inside = founding.ranks.has(peer)
  for (const link of links) {
    head = extendHead(head, { link, value: decodeResultValue(link.value) }, context)
    const now = head.roster.ranks.has(peer)
    if (inside && !now) throw removed(document)
    inside = now
  }
}

/** The certified rounds that have changed the roster. */
export async function rosterLinks(store: Store): Promise<Link[]> {
  const links = (await store.links(0, Number.MAX_SAFE_INTEGER)).map(decodeLink)
  return links.filter(({ value }) => {
    const decoded = decodeResultValue(value)
    return decoded.outcome === 'result' && decoded.change !== null
  })
}

/** A round that was charged already is still to be ended; any other needs a budget. */
export function requireBudgetLeft(
  { head: { round }, charges }: SavedRound,
  { rounds, chargesMax, document }: StepContext,
): void {
  const charged = mainCharges(document, charges)
  if (round > rounds || charges.some(charge => charge.round === round)) return
  if (paysFor(document, round, { charges: charged, chargesMax })) return
  throw budgetSpent(document, charged)
}

/** What a node says when it has no place any more. */
export function removed({ name }: StudyDocument): OperatorError {
  return new OperatorError('removed-from-roster', `A quorum of hospitals has removed this node from "${name}"`, {
    hint: 'Its key is of no use in this study any more: the others may admit a new one, see "confrere roster admit".',
    exitCode: EXIT.notInRoster,
  })
}
