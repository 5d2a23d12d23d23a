/**
 * Merkle tree as in RFC 6962 (§2.1; verification as in RFC 9162 §2.1.3.2): a tree of n leaves is split at the largest
 * power of two below n, and no leaf is duplicated. Tags in place of the RFC's 0x00 and 0x01 prevent a node from being
 * presented as a leaf.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import { requireInteger } from './check.ts'
import { TAG_MERKLE_LEAF, TAG_MERKLE_NODE } from './domain.ts'
import { HASH_BYTES, sha256 } from './hash.ts'

const LEAVES_MAX = 2 ** 20

const hashLeaf = (leaf: Uint8Array): Uint8Array => sha256(TAG_MERKLE_LEAF, leaf)
const hashNode = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(TAG_MERKLE_NODE, left, right)

/** The largest power of two below `count`, count ≥ 2. */
const splitOf = (count: number): number => 2 ** (31 - Math.clz32(count - 1))

/**
 * The root, 32 bytes.
 *
 * @param leaves   1 to 2^20 leaves, of any length
 * @throws CryptoError `out-of-range`
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  requireInteger(leaves.length, { min: 1, max: LEAVES_MAX }, 'leaves')
  return subtreeRoot(leaves)
}

function subtreeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return hashLeaf(leaves[0]!)
  const split = splitOf(leaves.length)
  return hashNode(subtreeRoot(leaves.slice(0, split)), subtreeRoot(leaves.slice(split)))
}

/**
 * The siblings from the leaf up to the root, at most ⌈log2 n⌉ hashes.
 *
 * @throws CryptoError `out-of-range`
 */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  requireInteger(leaves.length, { min: 1, max: LEAVES_MAX }, 'leaves')
  requireInteger(index, { min: 0, max: leaves.length - 1 }, 'index')
  if (leaves.length === 1) return []
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...merklePath(left, index), subtreeRoot(right)]
    : [...merklePath(right, index - split), subtreeRoot(left)]
}

/**
 * Whether `leaf` is leaf `index` of the `count` leaves under `root`. The arguments may come from a peer: malformed ones
 * give false, never an exception.
 */
export function verifyPath({
  root,
  leaf,
  index,
  count,
  path,
}: {
  root: Uint8Array
  leaf: Uint8Array
  index: number
  count: number
  path: readonly Uint8Array[]
}): boolean {
  if (!Number.isInteger(count) || count < 1 || count > LEAVES_MAX || root.length !== HASH_BYTES) return false
  if (!Number.isInteger(index) || index < 0 || index >= count) return false
  let node = index
  let last = count - 1
  let hash = hashLeaf(leaf)
  for (const sibling of path) {
    if (last === 0 || sibling.length !== HASH_BYTES) return false
    if (node % 2 === 1 || node === last) {
      hash = hashNode(sibling, hash)
      // a rightmost node has no sibling on levels where it is the last of an odd number
      while (node % 2 === 0 && node !== 0) {
        node >>>= 1
        last >>>= 1
      }
    } else {
      hash = hashNode(hash, sibling)
    }
    node >>>= 1
    last >>>= 1
  }
  return last === 0 && timingSafeEqual(hash, root)
}
