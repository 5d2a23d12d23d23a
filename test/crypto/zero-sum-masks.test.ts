import test from 'ava'
import fc from 'fast-check'
import { agree, publicKeyOf } from '../../crypto/key-agreement.ts'
import { chunkLayout } from '../../crypto/layout.ts'
import { maskStream } from '../../crypto/mask-stream.ts'
import { addInto } from '../../crypto/ring.ts'
import { createSigner } from '../../crypto/signature.ts'
import {
  derivePairKey,
  deriveSelfKey,
  maskInto,
  type PairMask,
  pairSign,
  unmaskSelfInto,
} from '../../crypto/zero-sum-masks.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import { seededBytes } from '../helpers/seeded-rng.ts'
import vectors from '../vectors/masks.json' with { type: 'json' }

interface Hospital {
  id: Uint8Array
  secret: Uint8Array
  selfKey: Uint8Array
}

const SID = seededBytes('sid', 32)

function hospitalsOf(count: number, sid: Uint8Array = SID): Hospital[] {
  return Array.from({ length: count }, (_, i) => {
    const { id } = createSigner(seededBytes(`identity ${i}`, 32))
    const selfKey = deriveSelfKey({ root: seededBytes(`root ${i}`, 32), sid, id })
    return { id, secret: seededBytes(`ephemeral ${i}`, 32), selfKey }
  })
}

function pairsOf(own: Hospital, all: Hospital[], sid: Uint8Array = SID): PairMask[] {
  return all
    .filter(other => other !== own)
    .map(other => ({
      key: derivePairKey({ shared: agree(own.secret, publicKeyOf(other.secret)), sid, a: own.id, b: other.id }),
      sign: pairSign(own.id, other.id),
    }))
}

const HOSPITALS = hospitalsOf(9)

test('pair keys and self keys are HKDF-SHA256 of the agreed inputs', t => {
  const sid = fromHex(vectors.sid)
  for (const { a, b, shared, key } of vectors.pairKeys) {
    const ends = { a: fromHex(a), b: fromHex(b) }
    t.is(toHex(derivePairKey({ shared: fromHex(shared), sid, ...ends })), key)
    t.is(toHex(derivePairKey({ shared: fromHex(shared), sid, a: ends.b, b: ends.a })), key, 'the same at both ends')
  }
  for (const { id, root, key } of vectors.selfKeys) {
    t.is(toHex(deriveSelfKey({ root: fromHex(root), sid, id: fromHex(id) })), key)
  }
})

test('a residual share is, word for word, the one that was computed without this code', t => {
  const keyOf = (a: string, b: string): string =>
    vectors.pairKeys.find(pair => (pair.a === a && pair.b === b) || (pair.a === b && pair.b === a))!.key
  const total = new Uint32Array(vectors.sum.length)
  for (const { id, update, residual } of vectors.residuals) {
    const others = vectors.residuals.filter(other => other.id !== id)
    const pairs = others.map(other => ({
      key: fromHex(keyOf(id, other.id)),
      sign: pairSign(fromHex(id), fromHex(other.id)),
    }))
    const selfKey = fromHex(vectors.selfKeys.find(self => self.id === id)!.key)
    const words = Uint32Array.from(update)
    maskInto(words, { selfKey, pairs })
    t.deepEqual(Array.from(words), residual)
    unmaskSelfInto(words, selfKey, 0)
    addInto(total, words)
  }
  t.deepEqual(Array.from(total), vectors.sum)
})

test('masks of n hospitals cancel exactly, for any n, any length, any order of pairs and of summing', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: HOSPITALS.length }),
      fc.integer({ min: 1, max: 200 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.infiniteStream(fc.integer({ min: 0, max: 2 ** 32 - 1 })),
      (n, dimension, keys, values) => {
        const draw = <T>(stream: Iterator<T>): T => stream.next().value as T
        const shuffled = <T>(list: T[]): T[] =>
          list
            .map(item => ({ item, key: draw(keys) }))
            .sort((a, b) => a.key - b.key)
            .map(({ item }) => item)
        const present = shuffled(HOSPITALS).slice(0, n)
        const expected = new Uint32Array(dimension)
        const residuals = present.map(own => {
          const words = Uint32Array.from({ length: dimension }, () => draw(values))
          addInto(expected, words)
          maskInto(words, { selfKey: own.selfKey, pairs: shuffled(pairsOf(own, present)) })
          return words
        })
        const opened = new Uint32Array(dimension)
        for (const residual of shuffled(residuals)) addInto(opened, residual)
        for (const { selfKey } of shuffled(present)) unmaskSelfInto(opened, selfKey, 0)
        t.deepEqual(opened, expected)
      },
    ),
    { numRuns: 40 },
  )
})

test('owners who add up their chunks get the parts of the whole sum, for any layout', t => {
  const present = HOSPITALS.slice(0, 4)
  for (const [dimension, owners] of [
    [1, 3],
    [33, 3],
    [1000, 4],
    [40_000, 2],
  ] as const) {
    const expected = new Uint32Array(dimension)
    const residuals = present.map((own, i) => {
      const words = maskStream(seededBytes(`update ${i}`, 32), { start: 0, words: dimension })
      addInto(expected, words)
      maskInto(words, { selfKey: own.selfKey, pairs: pairsOf(own, present) })
      return words
    })
    const opened = new Uint32Array(dimension)
    for (const { start, words } of chunkLayout(dimension, owners)) {
      const sum = opened.subarray(start, start + words)
      for (const residual of residuals) addInto(sum, residual.subarray(start, start + words))
      for (const { selfKey } of present) unmaskSelfInto(sum, selfKey, start)
    }
    t.deepEqual(opened, expected)
  }
})

test('without one self key nothing opens: every word of the sum stays masked', t => {
  const present = HOSPITALS.slice(0, 3)
  const opened = new Uint32Array(1000)
  for (const own of present) {
    const words = new Uint32Array(1000)
    maskInto(words, { selfKey: own.selfKey, pairs: pairsOf(own, present) })
    addInto(opened, words)
  }
  for (const { selfKey } of present.slice(1)) unmaskSelfInto(opened, selfKey, 0)
  t.deepEqual(opened, maskStream(present[0]!.selfKey, { start: 0, words: 1000 }))
})

test('every input of a key changes it: sid, root, shared secret and id', t => {
  const { id } = HOSPITALS[0]!
  const other = HOSPITALS[1]!.id
  const [x, y] = [seededBytes('x', 32), seededBytes('y', 32)]
  const keys = [
    deriveSelfKey({ root: x, sid: x, id }),
    deriveSelfKey({ root: y, sid: x, id }),
    deriveSelfKey({ root: x, sid: y, id }),
    deriveSelfKey({ root: x, sid: x, id: other }),
    derivePairKey({ shared: x, sid: x, a: id, b: other }),
    derivePairKey({ shared: y, sid: x, a: id, b: other }),
    derivePairKey({ shared: x, sid: y, a: id, b: other }),
    derivePairKey({ shared: x, sid: x, a: id, b: HOSPITALS[2]!.id }),
  ]
  t.is(new Set(keys.map(toHex)).size, keys.length)
})

test('signs are opposite at the two ends, + at the smaller id', t => {
  const ids = HOSPITALS.map(({ id }) => id).sort(Buffer.compare)
  ids.forEach((a, i) => {
    ids.forEach((b, j) => {
      if (i !== j) t.is(pairSign(a, b), i < j ? 1 : -1)
    })
  })
})

test('wrong lengths, a pair with oneself and a key used twice are refused', t => {
  const { id, selfKey } = HOSPITALS[0]!
  const other = HOSPITALS[1]!.id
  const key = seededBytes('key', 32)
  const short = new Uint8Array(31)
  t.throws(() => derivePairKey({ shared: key, sid: SID, a: id, b: id }), { code: 'same-peer' })
  t.throws(() => derivePairKey({ shared: short, sid: SID, a: id, b: other }), { code: 'length-mismatch' })
  t.throws(() => derivePairKey({ shared: key, sid: short, a: id, b: other }), { code: 'length-mismatch' })
  t.throws(() => derivePairKey({ shared: key, sid: SID, a: short, b: other }), { code: 'length-mismatch' })
  t.throws(() => deriveSelfKey({ root: short, sid: SID, id }), { code: 'length-mismatch' })
  t.throws(() => deriveSelfKey({ root: key, sid: SID, id: short }), { code: 'length-mismatch' })
  const words = new Uint32Array(4)
  t.throws(() => maskInto(words, { selfKey: short, pairs: [] }), { code: 'length-mismatch' })
  t.throws(() => maskInto(words, { selfKey, pairs: [{ key: short, sign: 1 }] }), { code: 'length-mismatch' })
  t.throws(() => maskInto(words, { selfKey, pairs: [{ key: selfKey, sign: -1 }] }), { code: 'repeated-key' })
  t.throws(() => unmaskSelfInto(words, short, 0), { code: 'length-mismatch' })
  t.throws(() => unmaskSelfInto(words, selfKey, 3), { code: 'unaligned' })
  t.deepEqual(words, new Uint32Array(4), 'and nothing was changed')
})
