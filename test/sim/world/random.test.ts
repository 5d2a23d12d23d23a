// Claims: the simulator's randomness repeats for a label, differs between labels, and is uniform; a fork disturbs nothing.

import { createHash } from 'node:crypto'
import test from 'ava'
import { Random } from '../../../sim/world/random.ts'

const draw = (random: Random, count = 100) => Array.from({ length: count }, () => random.word())

test('one label, one sequence; another label, another one', t => {
  t.deepEqual(draw(new Random('a')), draw(new Random('a')))
  t.notDeepEqual(draw(new Random('a')), draw(new Random('b')))
})

test('the sequence is xoshiro128**', t => {
  // the reference implementation in plain words
  const random = new Random('reference')
  const state = referenceState('reference')
  t.deepEqual(
    draw(random),
    Array.from({ length: 100 }, () => reference(state)),
  )
})

test('a fork is drawn from without a trace, and has a sequence of its own', t => {
  const [one, other] = [new Random('a'), new Random('a')]
  const fork = one.fork('x')
  const forked = draw(fork)
  t.deepEqual(draw(one), draw(other))
  t.notDeepEqual(forked, draw(new Random('a')))
  t.deepEqual(forked, draw(new Random('a').fork('x')))
})

test('draws keep to their limits and fill them evenly', t => {
  const random = new Random('limits')
  const counts = new Array<number>(6).fill(0)
  for (let i = 0; i < 12_000; i++) counts[random.whole(0, 5)]! += 1
  for (const count of counts) t.true(Math.abs(count - 2000) < 200, `${counts}`)
  for (let i = 0; i < 1000; i++) {
    const value = random.between(-3, 4)
    t.true(value >= -3 && value < 4)
  }
  t.deepEqual(random.sample([1, 2, 3], 5).sort(), [1, 2, 3])
  t.is(random.sample([1, 2, 3, 4], 2).length, 2)
  t.false(random.chance(0))
  t.true(random.chance(1))
})

test('bytes of any length are filled to the end', t => {
  const random = new Random('bytes')
  for (const length of [0, 1, 3, 4, 7, 4001]) {
    const bytes = new Uint8Array(length)
    random.fill(bytes)
    if (length > 100) t.is(new Set(bytes).size, 256)
  }
})

/** As published by Blackman and Vigna, with the state from the label's hash. */
function referenceState(label: string): Uint32Array {
  const digest = createHash('sha256').update(label).digest()
  return Uint32Array.from({ length: 4 }, (_, at) => digest.readUInt32LE(4 * at))
}

function reference(s: Uint32Array): number {
  const rotl = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0
  const result = Math.imul(rotl(Math.imul(s[1]!, 5) >>> 0, 7), 9) >>> 0
  const shifted = s[1]! << 9
  s[2]! ^= s[0]!
  s[3]! ^= s[1]!
  s[1]! ^= s[2]!
  s[0]! ^= s[3]!
  s[2]! ^= shifted
  s[3] = rotl(s[3]!, 11)
  return result
}
