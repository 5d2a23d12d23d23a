// Claims of protocols/prediction/comparison.ts: whoever of two has lied about a share is named with a third one's help,
// the third learns nothing of the share, and the honest one is not named.

import test from 'ava'
import { encodeWeights, multiplyShare, sumWords, uniformVector } from '../../../crypto/ring64.ts'
import {
  commonHolder,
  disputesOf,
  liarOf,
  planRecheck,
  RECHECK_PAIRS,
} from '../../../protocols/prediction/comparison.ts'
import { holdingOf } from '../../../protocols/prediction/holders.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

const WEIGHTS = encodeWeights([0.5, -1.25, 3, 0.125, 7, -2])
const honest = (share: Uint32Array) => multiplyShare(WEIGHTS, share)
const wrong = (share: Uint32Array) => honest(share).map(word => word + 5n)

/** One dispute over a share, with a liar that decides about each vector. */
function settled(liar: 0 | 1, lies: (at: number) => boolean, seed: string, third = honest): 0 | 1 | null {
  const rng = seededRng(seed)
  const share = uniformVector(3, rng)
  const recheck = planRecheck(share, rng)
  const lying = recheck.pair.map((vector, at) => (lies(at) ? wrong(vector) : honest(vector)))
  const right = recheck.pair.map(honest)
  return liarOf(recheck, {
    before: liar === 0 ? [wrong(share), honest(share)] : [honest(share), wrong(share)],
    pair: liar === 0 ? [lying, right] : [right, lying],
    third: recheck.third.map(third),
  })
}

for (const liar of [0, 1] as const) {
  test(`the liar ${liar} is named, whether it lies again always, never, or at random; the honest one never is`, t => {
    t.is(
      settled(liar, () => true, 'always'),
      liar,
    )
    t.is(
      settled(liar, () => false, 'never'),
      liar,
    )
    let open = 0
    for (let run = 0; run < 200; run++) {
      const coins = new Uint8Array(2 * RECHECK_PAIRS)
      seededRng(`coins ${run}`)(coins)
      const found = settled(liar, at => (coins[at]! & 1) === 1, `run ${run}`)
      t.not(found, liar === 0 ? 1 : 0)
      if (found === null) open += 1
    }
    t.is(open, 0)
  })

  test(`the liar ${liar} that keeps to one of each two vectors remains open as seldom as its guess is right`, t => {
    let open = 0
    for (let run = 0; run < 2000; run++) {
      const found = settled(liar, at => at % 2 === 0, `guess ${liar} ${run}`)
      t.not(found, liar === 0 ? 1 : 0)
      if (found === null) open += 1
    }
    // expected 2000 / 256 = 7.8
    t.true(open <= 25, `${open}`)
  })
}

test('where the third lies too, and contradicts both, nobody is named', t => {
  t.is(
    settled(0, () => false, 'third', wrong),
    null,
  )
})

test('what the third gets is uniform: neither part of a share repeats, and they add up only with what the two get', t => {
  const rng = seededRng('parts')
  const share = uniformVector(3, rng)
  const { pair, third, decoyFirst } = planRecheck(share, rng)
  const words = (halves: Uint32Array) => new BigUint64Array(halves.slice().buffer)
  t.is(decoyFirst.length, RECHECK_PAIRS)
  t.true(decoyFirst.includes(true) && decoyFirst.includes(false))
  for (const [at, first] of decoyFirst.entries()) {
    const [decoy, rest] = first ? [pair[2 * at]!, pair[2 * at + 1]!] : [pair[2 * at + 1]!, pair[2 * at]!]
    t.deepEqual(third[2 * at + 1], decoy)
    t.deepEqual(sumWords([words(rest), words(third[2 * at]!)]), words(share))
  }
  t.is(new Set([...pair, ...third].map(vector => vector.join())).size, 3 * RECHECK_PAIRS)
})

test('among three hospitals whoever differs from two others is known at once, from one dispute alone nobody', t => {
  const holding = holdingOf({ hospitals: 3, colluders: 1 })
  const [right, other] = [BigUint64Array.of(1n), BigUint64Array.of(2n)]
  // hospital 1 holds shares 0 and 1
  const said = [
    [right, other],
    [other, right],
    [right, right],
  ]
  t.deepEqual(disputesOf(said), [0, 1])
  t.is(commonHolder(holding, [0, 1]), 1)
  t.is(commonHolder(holding, [0]), null)
  t.is(commonHolder(holding, [0, 1, 2]), null)
  t.is(commonHolder(holdingOf({ hospitals: 4, colluders: 1 }), [0, 1]), null)
})
