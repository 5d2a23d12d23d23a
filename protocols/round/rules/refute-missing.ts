/** Answers a MISSING that names us wrongly with the owner's own receipt. @module */

import { blame } from '../blame.ts'
import { rowIn } from '../message-table.ts'
import { refutationOf } from '../once.ts'
import { once, type Turn } from '../transition.ts'

/** Blames an owner that reports us missing although it gave us a receipt: its two messages contradict each other. */
export function refuteRule(turn: Turn): void {
  const { state, context } = turn
  const phase = state.phases.get(state.commit.view)
  if (phase === undefined) return
  for (const { from, body, bytes } of rowIn(state.messages, 'missing', phase.opening.view).values()) {
    const receipt = phase.receipts.get(body.chunk)
    if (receipt?.from !== from || receipt.receipt === undefined || !body.members.includes(context.self)) continue
    if (!once(turn, refutationOf(phase.opening.view, from))) continue
    const evidence = { kind: 'false-missing', missing: bytes, receipt: receipt.receipt } as const
    blame(turn, { member: from, code: 'false-missing' }, evidence)
  }
}
