/**
 * After the commit: self keys are released, owners add up their chunks, the sums spread by pull.
 *
 * @module
 */

import { opens } from '../../crypto/commitment.ts'
import type { Member } from '../roster/roster.ts'
import { saidBy, say } from '../round/receive.ts'
import { ended, hex, once, type RoundState, schedule, setPhase, type Turn } from '../round/state.ts'
import type { RoundOutput } from './jobs.ts'
import { sessionOf, setDataPhase } from './machine.ts'
import { filledChunks } from './opening.ts'

/** Asks for our self key when a certificate names a session that holds our manifest, and nothing was released yet. */
export function revealRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null) return
  const { opening, manifests } = state.commitment
  const place = opening.members.indexOf(context.self)
  if (place < 0 || saidBy(state, { type: 'release', from: context.self })) return
  const own = saidBy(state, { type: 'manifest', view: opening.view, from: context.self })
  if (own === undefined || hex(own.hash) !== hex(manifests[place] as Uint8Array)) return
  if (!once(turn, 'reveal')) return
  turn.effects.push({ type: 'compute', job: { kind: 'reveal', round: state.round, session: sessionOf(opening) } })
}

/** RELEASE: the charge and the fact of the release are durable in one write, before the key leaves. */
export function revealed(turn: Turn, { sid, key }: Extract<RoundOutput, { kind: 'reveal' }>): void {
  const { state } = turn
  if (state.commitment === null || hex(state.commitment.opening.sid) !== sid) return
  const { opening } = state.commitment
  const contributors = opening.members.length
  const charge = { kind: 'charge', round: state.round, sid: opening.sid, contributors } as const
  say(turn, { type: 'release', sid: opening.sid, key }, [charge])
  turn.state = { ...turn.state, charges: turn.state.charges + 1 }
  setPhase(turn, 'released')
}

/** Every contributor's self key, checked against its manifest, or undefined while one is missing. */
export function selfKeys(state: RoundState): ReadonlyMap<Member, Uint8Array> | undefined {
  if (state.commitment === null) return undefined
  const { opening } = state.commitment
  const keys = new Map<Member, Uint8Array>()
  for (const from of opening.members) {
    const release = saidBy(state, { type: 'release', from })
    const manifest = saidBy(state, { type: 'manifest', view: opening.view, from })
    if (release === undefined || manifest === undefined || hex(release.body.sid) !== hex(opening.sid)) return undefined
    if (!opens(manifest.body.commitment, release.body.key)) return undefined
    keys.set(from, release.body.key)
  }
  return keys
}

/** The chunk that an owner stands in for at an attempt: its own first, then its predecessors'. */
function chunkAt(owners: readonly Member[], owner: Member, attempt: number): number {
  return (((owners.indexOf(owner) - attempt) % owners.length) + owners.length) % owners.length
}

/** The accepted sum of a chunk, from the earliest attempt that reported one. */
export function chunkSum(state: RoundState, chunk: number): { hash: string; from: Member } | undefined {
  if (state.commitment === null) return undefined
  const { owners, sid } = state.commitment.opening
  for (let attempt = 0; attempt < owners.length; attempt++) {
    const from = owners[(chunk + attempt) % owners.length] as Member
    const message = saidBy(state, { type: 'chunk-sum', view: attempt, from })
    if (message !== undefined && hex(message.body.sid) === hex(sid)) return { hash: hex(message.body.hash), from }
  }
  return undefined
}

/** The attempt that it is time for: one more whenever the resend timer ends without all sums. */
function attemptNow(state: RoundState): number {
  let attempt = 0
  while (ended(state, `resend:${attempt}`)) attempt += 1
  return attempt
}

/**
 * As an owner: adds up our chunk once all keys are out; after `resendAfterMs` without its owner's word, the next
 * owner's too. Parts that we do not hold are asked from their contributors.
 */
export function sumRule(turn: Turn): void {
  const { state, context } = turn
  const keys = selfKeys(state)
  if (state.commitment === null || keys === undefined) return
  const { opening } = state.commitment
  const phase = state.phases.get(opening.view)
  const chunks = filledChunks(opening)
  if (phase === undefined) return
  const last = attemptNow(state)
  const open = chunks.some(({ index }) => chunkSum(state, index) === undefined)
  if (open && last < opening.owners.length) schedule(turn, `resend:${last}`, context.timing.resendAfterMs)
  if (!opening.owners.includes(context.self)) return
  for (let attempt = 0; attempt <= Math.min(last, opening.owners.length - 1); attempt++) {
    const chunk = chunkAt(opening.owners, context.self, attempt)
    if (!chunks.some(({ index }) => index === chunk) || chunkSum(state, chunk) !== undefined) continue
    const absent = opening.members.filter(member => !phase.held.has(`${chunk}/${member}`))
    for (const member of absent) {
      if (!once(turn, `pull:${chunk}/${member}`)) continue
      const wanted = { kind: 'chunk', sid: hex(opening.sid), chunk, member } as const
      turn.effects.push({ type: 'pull', round: state.round, wanted, from: [member] })
    }
    if (absent.length > 0 || !once(turn, `sum:${attempt}`)) continue
    const session = sessionOf(opening)
    const job = { kind: 'sum', round: state.round, session, attempt, chunk, selfKeys: keys } as const
    turn.effects.push({ type: 'compute', job })
  }
}

/** CHUNK-SUM: our sum of a chunk is there to be pulled. */
export function summed(turn: Turn, { sid, attempt, hash }: Extract<RoundOutput, { kind: 'sum' }>): void {
  const { state } = turn
  if (state.commitment === null || hex(state.commitment.opening.sid) !== sid) return
  say(turn, { type: 'chunk-sum', sid: state.commitment.opening.sid, attempt, hash })
  turn.state = { ...turn.state, sums: new Map(turn.state.sums).set(hex(hash), true) }
}

/** Pulls every sum that somebody reported and we do not hold: from its owner first, then from anybody. */
export function pullRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null) return
  const { owners } = state.commitment.opening
  for (const { index } of filledChunks(state.commitment.opening)) {
    const sum = chunkSum(state, index)
    if (sum === undefined || state.sums.has(sum.hash) || !once(turn, `pull:${sum.hash}`)) continue
    const others = owners.filter(owner => owner !== sum.from)
    const from = [sum.from, ...others].filter(member => member !== context.self)
    turn.effects.push({ type: 'pull', round: state.round, wanted: { kind: 'sum', hash: sum.hash }, from })
  }
}

/** With all sums in hand: the opened vector, the optimizer step, the checkpoint, as one job. */
export function applyRule(turn: Turn): void {
  const { state } = turn
  if (state.commitment === null || state.outcome !== null || state.flags.has('apply')) return
  const { opening } = state.commitment
  const sums: string[] = []
  for (const { index } of filledChunks(opening)) {
    const sum = chunkSum(state, index)
    if (sum === undefined || !state.sums.has(sum.hash)) return
    sums.push(sum.hash)
  }
  once(turn, 'apply')
  const session = sessionOf(opening)
  turn.effects.push({ type: 'compute', job: { kind: 'apply', round: state.round, session, sums } })
}

/** A masked chunk arrived whole: one more part that we hold as an owner. */
export function holdChunk(turn: Turn, { view, chunk, from }: { view: number; chunk: number; from: Member }): void {
  const phase = turn.state.phases.get(view)
  if (phase !== undefined) setDataPhase(turn, { ...phase, held: new Map(phase.held).set(`${chunk}/${from}`, true) })
}
