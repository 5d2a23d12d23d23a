/**
 * What invariant 11 rests on: nobody votes for VOID before its own void timer has ended, counted from its own commit; but
 * for a round that nobody can open, or of whose sum no model can be made, or after a quorum has prevoted that VOID.
 *
 * @module
 */

import { hex } from '../../protocols/immutable.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import { Violation } from '../world/violation.ts'
import { ledgerOf } from './ledger.ts'

export const VOID_TIMER: CheckerFactory = () => {
  /** time from which it may vote for VOID, by hospital, life and round */
  const until = new Map<string, number>()
  let world: WorldApi
  return {
    name: 'void-timer',
    invariant: 11,
    begin: begun => {
      world = begun
    },
    effect: (hospital, effect) => {
      const ledger = ledgerOf(world)
      ledger.hear(hospital, effect)
      const { index, epoch, honest } = hospital
      if (effect.type === 'schedule' && effect.timer.kind === 'void') {
        const key = `${index}/${epoch}/${effect.round}`
        if (!until.has(key)) until.set(key, world.now + world.document.timing.voidAfterMs)
      }
      if (effect.type !== 'publish' || !honest) return
      const body = ledger.open(hospital, effect.bytes)?.body
      if (body?.type !== 'prevote' || body.instance !== 'result' || body.value === null) return
      const wire = ledger.value(hex(body.value))
      const value = wire && decodeResultValue(wire)
      const earlier = Array.from({ length: body.view }, (_, view) => view)
      if (earlier.some(view => ledger.prevoted(body, view, hex(body.value as Uint8Array)))) return
      if (value?.outcome !== 'void' || value.members.length === 0) return
      // after a restart a vote of an earlier life is repeated unchanged
      const times = Array.from({ length: epoch + 1 }, (_, life) => until.get(`${index}/${life}/${body.round}`))
      if (!times.some(time => time !== undefined && time <= world.now)) {
        throw new Violation(11, 'votes for VOID before its own void timer has ended', { round: body.round })
      }
    },
    packet: (from, _to, packet) => ledgerOf(world).overhear(from, packet),
  }
}
