/**
 * Compares the answers of those who computed the same share, and finds out who of two has lied.
 *
 * A third hospital must not simply be given the share in dispute: it may hold the others. So the share s is split anew:
 * the third gets a uniform r, and the two get s − r, again; their answers to it and the third's to r add up to the right
 * answer to s. Neither part tells the third anything. For the two, s − r looks like any other share, and it is mixed with
 * decoys, uniform vectors that all three compute: a liar that lies about s − r, to remain consistent, cannot know which
 * one it is, and a lie about a decoy is found by a majority. With k pairs of both, one that tries to remain unnamed
 * succeeds with probability 2^-k at most. A third that lies too can lead astray.
 *
 * @module
 */

import { minus64, sumWords, uniformVector } from '../../crypto/ring64.ts'
import type { Rng } from '../../crypto/rng.ts'
import type { Holding } from './holders.ts'

/** Pairs of a part and a decoy. A liar escapes with probability 2^-8. */
export const RECHECK_PAIRS = 8

/** Whether two answers are the same. */
export function sameWords(a: BigUint64Array, b: BigUint64Array): boolean {
  return a.length === b.length && a.every((word, at) => word === b[at])
}

/** Shares whose holders answered differently. @param answers for each share, in the order of its holders */
export function disputesOf(answers: readonly (readonly BigUint64Array[])[]): number[] {
  return answers.flatMap((said, share) => (said.every(one => sameWords(one, said[0]!)) ? [] : [share]))
}

/**
 * The one hospital that all of several disputes have in common: whoever differs from two others. @returns its place;
 * null: one dispute alone does not tell
 */
export function commonHolder({ holders }: Holding, disputes: readonly number[]): number | null {
  const different = new Set(disputes)
  if (different.size < 2) return null
  const common = [...different].reduce<readonly number[]>(
    (places, share) => places.filter(place => holders[share]!.includes(place)),
    holders[disputes[0]!]!,
  )
  return common.length === 1 ? common[0]! : null
}

/** What is sent to find out who of two has lied. */
export interface Recheck {
  /** to both, in this order */
  readonly pair: readonly Uint32Array[]
  /** to the third, in this order */
  readonly third: readonly Uint32Array[]
  /** for each pair of vectors, whether the decoy comes first at the two */
  readonly decoyFirst: readonly boolean[]
}

/** Draws what is sent. @param share the one in dispute */
export function planRecheck(share: Uint32Array, rng: Rng): Recheck {
  const coins = new Uint8Array(RECHECK_PAIRS)
  rng(coins)
  const decoyFirst = Array.from(coins, coin => (coin & 1) === 1)
  const [pair, third]: [Uint32Array[], Uint32Array[]] = [[], []]
  for (const first of decoyFirst) {
    const [part, decoy] = [uniformVector(share.length / 2, rng), uniformVector(share.length / 2, rng)]
    const rest = minus64(share, part)
    pair.push(...(first ? [decoy, rest] : [rest, decoy]))
    third.push(part, decoy)
  }
  return { pair, third, decoyFirst }
}

/** Answers to a share in dispute and to a recheck. */
export interface Rechecked {
  /** to the share itself, of the two */
  readonly before: readonly [BigUint64Array, BigUint64Array]
  /** to the recheck, of the two */
  readonly pair: readonly [readonly BigUint64Array[], readonly BigUint64Array[]]
  readonly third: readonly BigUint64Array[]
}

/** Who of the two has lied: 0 or 1; null where it remains open, or the third contradicts both. */
export function liarOf({ decoyFirst }: Recheck, { before, pair: [a, b], third }: Rechecked): 0 | 1 | null {
  const found = new Set<0 | 1 | null>()
  /** whoever did not give the right answer; nobody where both did */
  const judge = (right: BigUint64Array, said: readonly [BigUint64Array, BigUint64Array]): void => {
    const [isFirst, isSecond] = [sameWords(said[0], right), sameWords(said[1], right)]
    if (isFirst && isSecond) return
    found.add(isFirst ? 1 : isSecond ? 0 : null)
  }
  for (const [at, first] of decoyFirst.entries()) {
    const [decoy, rest] = first ? [2 * at, 2 * at + 1] : [2 * at + 1, 2 * at]
    judge(third[2 * at + 1]!, [a[decoy]!, b[decoy]!])
    if (sameWords(a[rest]!, b[rest]!)) judge(sumWords([a[rest]!, third[2 * at]!]), before)
  }
  return found.size === 1 ? [...found][0]! : null
}
