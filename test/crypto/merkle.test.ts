import test from 'ava'
import fc from 'fast-check'
import { merklePath, merkleRoot, verifyPath } from '../../crypto/merkle.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import { seededBytes } from '../helpers/seeded-rng.ts'
import vectors from '../vectors/merkle.json' with { type: 'json' }

const LEAVES = vectors.leaves.map(fromHex)

const place = fc
  .integer({ min: 1, max: 40 })
  .chain(count => fc.record({ count: fc.constant(count), index: fc.integer({ min: 0, max: count - 1 }) }))

function treeOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => seededBytes(`leaf ${i}`, 32))
}

test('roots and paths are those of RFC 6962’s recursive definition', t => {
  vectors.roots.forEach((root, i) => {
    t.is(toHex(merkleRoot(LEAVES.slice(0, i + 1))), root)
  })
  for (const { count, index, path } of vectors.paths) {
    t.deepEqual(merklePath(LEAVES.slice(0, count), index).map(toHex), path)
  }
})

test('every path of every tree verifies', t => {
  for (let count = 1; count <= 40; count++) {
    const leaves = treeOf(count)
    const root = merkleRoot(leaves)
    leaves.forEach((leaf, index) => {
      const path = merklePath(leaves, index)
      t.true(verifyPath({ root, leaf, index, count, path }))
      t.true(path.length <= Math.ceil(Math.log2(count)))
    })
  }
})

test('an altered leaf, root, index, path or a leaf elsewhere does not verify', t => {
  fc.assert(
    fc.property(place, fc.nat(), fc.nat({ max: 255 }), ({ count, index }, pick, bit) => {
      const leaves = treeOf(count)
      const good = { root: merkleRoot(leaves), leaf: leaves[index]!, index, count, path: merklePath(leaves, index) }
      const flip = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === bit >> 3 ? b ^ (1 << (bit & 7)) : b))
      t.false(verifyPath({ ...good, leaf: flip(good.leaf) }))
      t.false(verifyPath({ ...good, root: flip(good.root) }))
      t.false(verifyPath({ ...good, path: [...good.path, good.root] }), 'too long')
      t.false(verifyPath({ ...good, index: index + 1 }))
      for (let other = 0; other < count; other++) {
        if (other !== index) t.false(verifyPath({ ...good, index: other }), `shown as leaf ${other}`)
      }
      if (good.path.length === 0) return
      const at = pick % good.path.length
      t.false(verifyPath({ ...good, path: good.path.map((hash, i) => (i === at ? flip(hash) : hash)) }))
      t.false(verifyPath({ ...good, path: good.path.slice(1) }), 'too short')
      t.false(verifyPath({ ...good, path: good.path.map(hash => hash.subarray(1)) }))
    }),
    { numRuns: 50 },
  )
})

test('an inner node cannot be shown as a leaf, and the last leaf is not doubled', t => {
  const leaves = treeOf(4)
  const root = merkleRoot(leaves)
  const [left, right] = [merkleRoot(leaves.slice(0, 2)), merkleRoot(leaves.slice(2))]
  t.false(verifyPath({ root, leaf: left, index: 0, count: 2, path: [right] }))
  const three = treeOf(3)
  t.notDeepEqual(merkleRoot(three), merkleRoot([...three, three[2]!]))
})

test('what is malformed is false for a verifier, and an error for whoever builds', t => {
  const leaves = treeOf(3)
  const good = { root: merkleRoot(leaves), leaf: leaves[0]!, index: 0, count: 3, path: merklePath(leaves, 0) }
  for (const wrong of [
    { index: -1 },
    { index: 0.5 },
    { index: 3 },
    { count: 0 },
    { count: 2 ** 31 },
    { count: Number.NaN },
    { root: new Uint8Array(31) },
  ]) {
    t.false(verifyPath({ ...good, ...wrong }))
  }
  t.throws(() => merkleRoot([]), { code: 'out-of-range' })
  t.throws(() => merklePath(leaves, 3), { code: 'out-of-range' })
  t.throws(() => merklePath(leaves, -1), { code: 'out-of-range' })
})
