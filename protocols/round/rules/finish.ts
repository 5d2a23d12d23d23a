/** Ends a round whose RESULT is certified, and begins the next one. @module */

import { hex } from '../../immutable.ts'
import { decodeResultValue } from '../../messages/result-value.ts'
import { extendHead } from '../../transcript/head.ts'
import { awaitCheckpoint } from '../catch-up.ts'
import { decidedLink } from '../certified-link.ts'
import type { Turn } from '../transition.ts'

/** Ends the round when its result is certified, with our own checkpoint or one that we fetch from others. */
export function resultRule(turn: Turn): void {
  const { state, context } = turn
  if (state.awaited !== null) return awaitCheckpoint(turn, state.awaited)
  const link = decidedLink(state, context.quorum)
  if (link === undefined) return
  const value = decodeResultValue(link.value)
  const checkpoint = value.outcome === 'result' ? hex(value.checkpoint) : null
  awaitCheckpoint(turn, {
    links: [link],
    checkpoint,
    head: extendHead(state, { link, value }, context),
    partial: false,
  })
}
