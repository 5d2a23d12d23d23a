/**
 * What is done once in a round, each under a key of its own; also which timers were asked for, and which have ended.
 *
 * @module
 */

import type { Member } from '../roster/roster.ts'
import { type Timer, timerName } from './timers.ts'

declare const ONCE: unique symbol

/** Only the functions and constants of this file make keys. */
export type OnceKey = string & { readonly [ONCE]: true }

const key = (text: string) => text as OnceKey

/** Contradicting certificates were found: nothing is done any more. */
export const HALTED: OnceKey = key('halted')
/** The operator was told that the privacy budget is spent. */
export const EXHAUSTED: OnceKey = key('exhausted')
/** Peers that did not answer were asked again what they hold from us. */
export const ASKED_AGAIN: OnceKey = key('asked-again')
/** CERTIFICATE was said. */
export const CERTIFICATE: OnceKey = key('certificate')
/** Our self key was asked for. */
export const REVEAL: OnceKey = key('reveal')
/** Everything is being worked out again from everybody's parts. */
export const RECOMPUTE: OnceKey = key('recompute')
/** The step was asked for with sums that we worked out again. */
export const APPLY_RECOMPUTED: OnceKey = key('apply-recomputed')
/** No model can be made of the opened sum. */
export const DIVERGED: OnceKey = key('diverged')

/** Masking for a session. @param sid hex */
export const maskOf = (sid: string): OnceKey => key(`mask:${sid}`)

/** Adding up a chunk, at one of our attempts. */
export const sumAt = (attempt: number): OnceKey => key(`sum:${attempt}`)

/** Pulling a chunk's sum. @param hash hex */
export const pullOfSum = (hash: string): OnceKey => key(`pull-sum:${hash}`)

/** Pulling a contributor's part of a chunk. */
export const pullOfPart = (chunk: number, member: Member): OnceKey => key(`pull-part:${chunk}:${member}`)

/** Working out a member's fingerprint. @param challenge hex */
export const fingerprintFor = (challenge: string, member: Member): OnceKey => key(`fingerprint:${challenge}:${member}`)

/** The fingerprints under a challenge do not fit the sums. @param challenge hex */
export const mismatchUnder = (challenge: string): OnceKey => key(`mismatch:${challenge}`)

/** The step with the fingerprints under a challenge. @param challenge hex */
export const applyUnder = (challenge: string): OnceKey => key(`apply:${challenge}`)

/** Showing that an owner's MISSING of a view is false. */
export const refutationOf = (view: number, owner: Member): OnceKey => key(`refuted:${view}:${owner}`)

/** A timer was asked for. */
export const asked = (timer: Timer): OnceKey => key(`asked:${timerName(timer)}`)

/** A timer has ended. */
export const endOf = (timer: Timer): OnceKey => key(`ended:${timerName(timer)}`)
