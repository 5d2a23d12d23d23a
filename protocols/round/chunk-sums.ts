/**
 * The phase after COMMIT: contributors release their self keys, owners sum their chunks, and peers pull the sums.
 *
 * @module
 */

import { hex, remember, same } from '../immutable.ts'
import { type BodyOf, type Message, slotOf } from '../messages/messages.ts'
import { type Member, OUTSIDE } from '../roster/roster.ts'
import { chunkAt, filledChunks } from '../session/chunks.ts'
import type { Opening } from '../session/opening.ts'
import { setDataPhase } from './data-phase.ts'
import { type MessageTable, type Row, rowIn } from './message-table.ts'
import { pullOfPart } from './once.ts'
import type { Commitment, RoundState } from './state.ts'
import { once, type Turn } from './transition.ts'

/** Every contributor's self key, or undefined while one is missing. The table keeps only usable ones (`isUsable`). */
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

/** A claimed chunk sum. */
export interface ChunkSum {
  readonly chunk: number
  readonly hash: string
  readonly message: Message<BodyOf<'chunk-sum'>>
}

/** By chunk: the sums that the owners of one attempt claim. */
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

/** The attempts with a claimed sum, in order. */
const attemptsIn = remember((table: MessageTable, { owners }: Opening): readonly Row<BodyOf<'chunk-sum'>>[] => {
  const rows = owners.map((_, attempt) => rowIn(table, 'chunk-sum', attempt))
  return rows.filter(row => row.size > 0)
})

/** Every valid claim of a chunk's sum, the earliest attempt first. */
export function chunkClaims({ messages, doubled, commitment }: RoundState, chunk: number): ChunkSum[] {
  if (commitment === null) return []
  const { opening } = commitment
  const claims = attemptsIn(messages, opening).map(row => sumsIn(row, opening).get(chunk))
  // an owner's claims do not count if it claims two sums
  return claims.filter(
    claim => claim !== undefined && !(doubled.size > 0 && doubled.has(slotOf(claim.message))),
  ) as ChunkSum[]
}

/** The sum of a chunk that we use: our own audit's, else the earliest attempt's. */
export function chunkSum(state: RoundState, chunk: number): { hash: string; from: Member } | undefined {
  const recomputed = state.recomputedSums?.get(chunk)
  const claims = chunkClaims(state, chunk)
  if (recomputed !== undefined) {
    return { hash: recomputed, from: claims.find(claim => claim.hash === recomputed)?.message.from ?? OUTSIDE }
  }
  const [first] = claims
  return first && { hash: first.hash, from: first.message.from }
}

/**
 * Whether owners claim different sums of one chunk: one of them lies, though nobody may be able to read its bytes. An
 * owner that is asked to add up a chunk anew claims what it finds.
 */
export function isDisputed(state: RoundState): boolean {
  const { messages, commitment } = state
  if (commitment === null || attemptsIn(messages, commitment.opening).length < 2) return false
  return filledChunks(commitment.opening).some(
    ({ index }) => new Set(chunkClaims(state, index).map(({ hash }) => hash)).size > 1,
  )
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

/** Whether we hold a chunk's sum ourselves, so that others can pull it from us. */
export function isSummed(state: RoundState, chunk: number): boolean {
  const sum = chunkSum(state, chunk)
  return sum !== undefined && state.sums.has(sum.hash)
}

/** The owners of chunks whose sum we do not hold. */
export function ownersUnheard(state: RoundState): Member[] {
  if (state.commitment === null) return []
  const { opening } = state.commitment
  const open = filledChunks(opening).filter(({ index }) => !isSummed(state, index))
  return open.map(({ index }) => opening.owners[index] as Member)
}

/** Whether all these parts of the committed session are here; pulls the absent ones. */
export function holdsParts(turn: Turn, parts: readonly { chunk: number; member: Member }[]): boolean {
  const { state, context } = turn
  const { opening } = state.commitment as Commitment
  const held = state.phases.get(opening.view)?.held
  // our own parts are in our own masked vector
  const absent = parts.filter(({ chunk, member }) => member !== context.self && !held?.has(`${chunk}/${member}`))
  for (const { chunk, member } of absent) {
    if (!once(turn, pullOfPart(chunk, member))) continue
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

/** Records a complete masked chunk, which we now hold as its owner. */
export function holdChunk(turn: Turn, { view, chunk, from }: { view: number; chunk: number; from: Member }): void {
  const phase = turn.state.phases.get(view)
  if (phase !== undefined) setDataPhase(turn, { ...phase, held: new Map(phase.held).set(`${chunk}/${from}`, true) })
}
