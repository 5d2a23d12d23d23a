/**
 * After the commit: self keys are released, owners add up their chunks, the sums spread by pull.
 *
 * @module
 */

import { opens } from '../../crypto/commitment.ts'
import { remember } from '../memo.ts'
import { type Member, OUTSIDE } from '../roster/roster.ts'
import { type Book, type Row, rowIn } from '../round/book.ts'
import { trainingCharges } from '../round/charge.ts'
import { type BodyOf, type Message, slotOf } from '../round/messages.ts'
import { saidBy, say } from '../round/receive.ts'
import {
  type Commitment,
  ended,
  hex,
  once,
  type RoundState,
  same,
  schedule,
  setPhase,
  type Turn,
} from '../round/state.ts'
import type { RoundOutput } from './jobs.ts'
import { sessionOf, setDataPhase } from './machine.ts'
import { filledChunks, type Opening } from './opening.ts'

/** Asks for our self key when a certificate names a session that holds our manifest, and nothing was released yet. */
export function revealRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null) return
  const { opening, manifests } = state.commitment
  const place = opening.members.indexOf(context.self)
  if (place < 0 || saidBy(state, { type: 'release', from: context.self })) return
  // nothing of ours may depend on what others say that we said
  const own = ownManifest(state, context.self)
  if (own === undefined || !same(own.hash, manifests[place] as Uint8Array)) return
  if (!once(turn, 'reveal')) return
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

/** RELEASE: the charge and the fact of the release are durable in one write, before the key leaves. */
export function revealed(turn: Turn, { sid, key }: Extract<RoundOutput, { kind: 'reveal' }>): void {
  const { state, context } = turn
  if (state.commitment === null || state.commitment.opening.sidHex !== sid) return
  if (saidBy(state, { type: 'release', from: context.self })) return
  const { opening } = state.commitment
  const own = ownManifest(state, context.self)
  if (own === undefined || !opens(own.body.commitment, key)) {
    // a lost disk's new root: the key would open nothing, and cost a round
    const reason = 'the secret root of this round is not the one that our manifest commits to'
    turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: state.round, code: 'lost-secrets', reason } })
    return
  }
  const contributors = opening.members.length
  const charge = { kind: 'charge', round: state.round, sid: opening.sid, contributors } as const
  // once a round, however often a crash brings us by
  const due = state.charged ? [] : [charge]
  say(turn, { type: 'release', sid: opening.sid, key }, due)
  turn.state = { ...turn.state, charged: true, charges: turn.state.charges + trainingCharges(due) }
  setPhase(turn, 'released')
}

/** Every contributor's self key, or undefined while one is missing; only usable ones are kept (`isUsable`). */
export function selfKeys({ messages, commitment }: RoundState): ReadonlyMap<Member, Uint8Array> | undefined {
  return commitment === null ? undefined : keysIn(rowIn(messages, 'release'), commitment.opening)
}

const keysIn = remember((row: Row<BodyOf<'release'>>, { members }: Opening) => {
  const keys = new Map<Member, Uint8Array>()
  for (const from of members) {
    const release = row.get(from)
    if (release === undefined) return undefined
    keys.set(from, release.body.key)
  }
  return keys
})

/** The chunk that the owner in a place stands in for at an attempt: its own first, then its predecessors'. */
export function chunkAt(owners: number, place: number, attempt: number): number {
  return (((place - attempt) % owners) + owners) % owners
}

/** A claimed chunk sum. */
export interface ChunkSum {
  readonly chunk: number
  readonly hash: string
  readonly message: Message<BodyOf<'chunk-sum'>>
}

/** What one attempt's owners claim, by chunk. */
const sumsIn = remember((row: Row<BodyOf<'chunk-sum'>>, { owners, sid }: Opening): ReadonlyMap<number, ChunkSum> => {
  const sums = new Map<number, ChunkSum>()
  for (const [place, owner] of owners.entries()) {
    const message = row.get(owner)
    if (message === undefined || !same(message.body.sid, sid)) continue
    const chunk = chunkAt(owners.length, place, message.body.attempt)
    sums.set(chunk, { chunk, hash: hex(message.body.hash), message })
  }
  return sums
})

/** The attempts that anybody has claimed a sum of, in their order. */
const attemptsIn = remember((book: Book, { owners }: Opening): readonly Row<BodyOf<'chunk-sum'>>[] => {
  const rows = owners.map((_, attempt) => rowIn(book, 'chunk-sum', attempt))
  return rows.filter(row => row.size > 0)
})

/** Every claim of a chunk's sum that still counts, the earliest attempt first. */
export function chunkClaims({ messages, doubled, commitment }: RoundState, chunk: number): ChunkSum[] {
  if (commitment === null) return []
  const { opening } = commitment
  const claims = attemptsIn(messages, opening).map(row => sumsIn(row, opening).get(chunk))
  // an owner that claims two sums has claimed none
  return claims.filter(
    claim => claim !== undefined && !(doubled.size > 0 && doubled.has(slotOf(claim.message))),
  ) as ChunkSum[]
}

/** The sum of a chunk that counts: our own audit's, else the earliest attempt's. */
export function chunkSum(state: RoundState, chunk: number): { hash: string; from: Member } | undefined {
  const audited = state.audited?.get(chunk)
  const claims = chunkClaims(state, chunk)
  if (audited !== undefined) {
    return { hash: audited, from: claims.find(claim => claim.hash === audited)?.message.from ?? OUTSIDE }
  }
  const [first] = claims
  return first && { hash: first.hash, from: first.message.from }
}

/** The hash of every filled chunk's sum, in order, or undefined while one is unknown. */
export function sumHashes(state: RoundState): string[] | undefined {
  if (state.commitment === null) return undefined
  const hashes: string[] = []
  for (const { index } of filledChunks(state.commitment.opening)) {
    const sum = chunkSum(state, index)
    if (sum === undefined) return undefined
    hashes.push(sum.hash)
  }
  return hashes
}

/** True when we hold a chunk's sum ourselves, so that others can have it from us. */
function isSummed(state: RoundState, chunk: number): boolean {
  const sum = chunkSum(state, chunk)
  return sum !== undefined && state.sums.has(sum.hash)
}

/** The owners of chunks whose sum nobody could give us. */
export function ownersUnheard(state: RoundState): Member[] {
  if (state.commitment === null) return []
  const { opening } = state.commitment
  const open = filledChunks(opening).filter(({ index }) => !isSummed(state, index))
  return open.map(({ index }) => opening.owners[index] as Member)
}

/** The attempt that it is time for: one more whenever the resend timer ends without all sums. */
function attemptNow(state: RoundState): number {
  let attempt = 0
  while (ended(state, `resend:${attempt}`)) attempt += 1
  return attempt
}

/**
 * As an owner: adds up our chunk once all keys are out; whenever `resendAfterMs` passes without that sum in hand, the
 * next owner's predecessor's too. A sum that its owner took with it when it went down is made again in the same way.
 */
export function sumRule(turn: Turn): void {
  const { state, context } = turn
  const keys = selfKeys(state)
  if (state.commitment === null || keys === undefined) return
  const { owners } = state.commitment.opening
  const chunks = filledChunks(state.commitment.opening)
  const last = attemptNow(state)
  const open = chunks.some(({ index }) => !isSummed(state, index))
  if (open && last < owners.length) schedule(turn, `resend:${last}`, context.timing.resendAfterMs)
  if (!owners.includes(context.self)) return
  for (let attempt = 0; attempt <= Math.min(last, owners.length - 1); attempt++) {
    const chunk = chunkAt(owners.length, owners.indexOf(context.self), attempt)
    if (!chunks.some(({ index }) => index === chunk) || isSummed(turn.state, chunk)) continue
    sumChunk(turn, { chunk, attempt, selfKeys: keys })
  }
}

/** Adds up a chunk, after asking for the parts that we do not hold. */
function sumChunk(
  turn: Turn,
  { chunk, attempt, selfKeys: keys }: { chunk: number; attempt: number; selfKeys: ReadonlyMap<Member, Uint8Array> },
): void {
  const { state, context } = turn
  const { opening } = state.commitment as Commitment
  const parts = opening.members.map(member => ({ chunk, member }))
  if (!holdsParts(turn, parts) || !once(turn, `sum:${attempt}`)) return
  const session = sessionOf(opening, context)
  const job = { kind: 'sum', round: state.round, session, attempt, chunk, selfKeys: keys } as const
  turn.effects.push({ type: 'compute', job })
}

/** True when all these parts of the committed session are here; asks for those that are not. */
export function holdsParts(turn: Turn, parts: readonly { chunk: number; member: Member }[]): boolean {
  const { state, context } = turn
  const { opening } = state.commitment as Commitment
  const held = state.phases.get(opening.view)?.held
  // our own parts are in our own masked vector
  const absent = parts.filter(({ chunk, member }) => member !== context.self && !held?.has(`${chunk}/${member}`))
  for (const { chunk, member } of absent) {
    if (!once(turn, `pull:${chunk}/${member}`)) continue
    const wanted = { kind: 'chunk', sid: opening.sidHex, chunk, member } as const
    // Who made it has it as long as the round lasts, and its owner may have it, too. After them everybody: a faulty member
    // may give its part to one of us alone, and then the others would say VOID to that one's RESULT for ever.
    const everybody = context.roster.hospitals.map((_, other) => other)
    const from = new Set([member, opening.owners[chunk] as Member, ...everybody])
    from.delete(context.self)
    turn.effects.push({ type: 'pull', round: state.round, wanted, from: [...from] })
  }
  return absent.length === 0
}

/** CHUNK-SUM: our sum of a chunk is there to be pulled. */
export function summed(turn: Turn, { sid, attempt, hash }: Extract<RoundOutput, { kind: 'sum' }>): void {
  const { state } = turn
  if (state.commitment === null || state.commitment.opening.sidHex !== sid) return
  say(turn, { type: 'chunk-sum', sid: state.commitment.opening.sid, attempt, hash })
  turn.state = { ...turn.state, sums: new Map(turn.state.sums).set(hex(hash), true) }
}

/** Pulls every sum that somebody reported and we do not hold: from who made it, then from whoever has it by now. */
export function pullRule(turn: Turn): void {
  const { state, context } = turn
  if (state.commitment === null) return
  const everybody = context.roster.hospitals.map((_, member) => member)
  for (const { index } of filledChunks(state.commitment.opening)) {
    const sum = chunkSum(state, index)
    if (sum === undefined || state.sums.has(sum.hash) || !once(turn, `pull:${sum.hash}`)) continue
    const from = [sum.from, ...everybody.filter(member => member !== sum.from)].filter(
      m => m !== context.self && m !== OUTSIDE,
    )
    turn.effects.push({ type: 'pull', round: state.round, wanted: { kind: 'sum', hash: sum.hash }, from })
  }
}

/** A masked chunk arrived whole: one more part that we hold as an owner. */
export function holdChunk(turn: Turn, { view, chunk, from }: { view: number; chunk: number; from: Member }): void {
  const phase = turn.state.phases.get(view)
  if (phase !== undefined) setDataPhase(turn, { ...phase, held: new Map(phase.held).set(`${chunk}/${from}`, true) })
}
