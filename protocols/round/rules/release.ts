/** Sends RELEASE, our self key, once COMMIT is certified: write-ahead, at most once a round. @module */

import { opens } from '../../../crypto/commitment.ts'
import { same } from '../../immutable.ts'
import type { BodyOf, Message } from '../../messages/messages.ts'
import type { Member } from '../../roster/roster.ts'
import type { RoundOutput } from '../../secure-sum/jobs.ts'
import { mainCharges } from '../../study/rounds.ts'
import { sessionOf } from '../data-phase.ts'
import { saidBy } from '../facts.ts'
import { REVEAL } from '../once.ts'
import { say } from '../say.ts'
import type { RoundState } from '../state.ts'
import { once, setPhase, type Turn } from '../transition.ts'

/** Requests our self key when the committed session contains our manifest and we have not sent RELEASE. */
export function revealRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null) return
  const { opening, manifests } = state.commitment
  const place = opening.members.indexOf(context.self)
  if (place < 0 || saidBy(state, { type: 'release', from: context.self })) return
  // we rely on our own MANIFEST, never on others' reports of it
  const own = ownManifest(state, context.self)
  if (own === undefined || !same(own.hash, manifests[place] as Uint8Array)) return
  if (!once(turn, REVEAL)) return
  turn.effects.push({
    type: 'compute',
    job: { kind: 'reveal', round: state.round, session: sessionOf(opening, context) },
  })
}

function ownManifest(state: RoundState, self: Member): Message<BodyOf<'manifest'>> | undefined {
  return state.commitment === null
    ? undefined
    : saidBy(state, { type: 'manifest', view: state.commitment.opening.view, from: self })
}

/** Sends RELEASE. The charge and the RELEASE become durable in one write, before the key is sent. */
export function revealed(turn: Turn, { sid, key }: Extract<RoundOutput, { kind: 'reveal' }>): void {
  const { state, context } = turn
  if (state.commitment === null || state.commitment.opening.sidHex !== sid) return
  if (saidBy(state, { type: 'release', from: context.self })) return
  const { opening } = state.commitment
  const own = ownManifest(state, context.self)
  if (own === undefined || !opens(own.body.commitment, key)) {
    // after a disk loss the root is new: its key would open nothing, and cost a round
    const reason = 'the secret root of this round is not the one that our manifest commits to'
    turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: state.round, code: 'lost-secrets', reason } })
    return
  }
  const contributors = opening.members.length
  const charge = { kind: 'charge', round: state.round, sid: opening.sid, contributors } as const
  // charged once a round, also after crashes
  const due = state.charged ? [] : [charge]
  say(turn, { type: 'release', sid: opening.sid, key }, due)
  turn.state = { ...turn.state, charged: true, charges: turn.state.charges + mainCharges(context.document, due) }
  setPhase(turn, 'released')
}
