/**
 * Six words that stand for a peer id, for two people who compare them by telephone: 66 bits of its hash. Who wants
 * another key with the same words has to make about 2^66 keys.
 *
 * @module
 */

import { TAG_CONTACT_WORDS } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import { parsePeerId } from '../storage/identity.ts'
import { CHECK_WORD_LIST } from './word-list.ts'

const CHECK_WORDS = 6
const BITS_PER_WORD = 11n

/**
 * The words of a peer id: the first 66 bits of SHA-256(tag ‖ raw id), 11 a word, the highest first.
 *
 * @param peer base58btc PeerId
 * @throws OperatorError `bad-peer-id`
 */
export function checkWords(peer: string): string[] {
  const hash = sha256(TAG_CONTACT_WORDS, parsePeerId(peer))
  const number = hash.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  const bits = BigInt(8 * hash.length)
  return Array.from({ length: CHECK_WORDS }, (_, at) => {
    const place = (number >> (bits - BITS_PER_WORD * BigInt(at + 1))) & ((1n << BITS_PER_WORD) - 1n)
    return CHECK_WORD_LIST[Number(place)] as string
  })
}
