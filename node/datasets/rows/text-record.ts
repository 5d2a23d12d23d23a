/**
 * A text as a hashed bag of words: no vocabulary is shared, and the same text gives the same values everywhere.
 *
 * The text in normal form KC and lower case, by Unicode's rules without a language, is split into words: runs of letters
 * and numbers. A token is a run of 1 to `words` words with a space between them. It counts in the entry that its hash
 * names: FNV-1a (32 bits) of its UTF-8 bytes, mixed by MurmurHash3's last step, modulo the number of entries. An entry
 * with c of the text's n tokens has the value √(c / n), so that the sum of squares is 1.
 *
 * @module Weinberger et al., Feature hashing for large scale multitask learning, ICML 2009; FNV:
 * https://datatracker.ietf.org/doc/draft-eastlake-fnv/
 */

import type { ContractOf } from '../../../protocols/study/contracts/list.ts'
import type { FileFacts, FoundRecord, Reading } from '../reader.ts'
import { absence, cellText } from './cell.ts'
import { TEXT_CHARACTERS_MAX } from './limits.ts'
import { belongings, type RowMaker } from './row-maker.ts'
import { type Cell, shownName } from './rows.ts'

/** Rows with a text as records of the contract; see `RowMaker`. */
export function textRecords(contract: ContractOf<'text'>, reading: Reading, facts: FileFacts): RowMaker {
  const others = belongings(contract, reading, facts, absence([]))
  return {
    columns: [contract.text, ...others.columns],
    record: (cells: readonly Cell[]): FoundRecord | string => {
      const text = cellText(cells[0]!)
      const column = `column ${shownName(contract.text)}`
      if (text.length > TEXT_CHARACTERS_MAX)
        return `${column} holds more than ${TEXT_CHARACTERS_MAX} characters; shorten it`
      const values = hashedWords(text, { entries: contract.shape[0], words: contract.words })
      if (values === null) return `${column} holds no words`
      const rest = others.read(cells.slice(1))
      return typeof rest === 'string' ? rest : { values, ...rest }
    },
  }
}

/**
 * The bag of words of a text.
 *
 * @param entries length of the result
 * @param words longest run of words that is a token
 * @returns values of norm 1; null: the text has no words
 */
export function hashedWords(text: string, { entries, words }: { entries: number; words: number }): Float32Array | null {
  const found = text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
  if (found === null) return null
  const encoder = new TextEncoder()
  const bytes = found.map(word => encoder.encode(word))
  const counts = new Float64Array(entries)
  let tokens = 0
  for (let start = 0; start < bytes.length; start++) {
    let hash = FNV_OFFSET
    for (let at = start; at < Math.min(start + words, bytes.length); at++) {
      if (at > start) hash = hashed(hash, SPACE)
      hash = hashed(hash, bytes[at]!)
      counts[mixed(hash) % entries]! += 1
      tokens++
    }
  }
  // counts are whole numbers, and division and square root are exact to the last bit by IEEE 754
  const values = new Float32Array(entries)
  for (let at = 0; at < entries; at++) {
    if (counts[at] !== 0) values[at] = Math.sqrt(counts[at]! / tokens)
  }
  return values
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const SPACE = Uint8Array.of(0x20)

/** Continues an FNV-1a hash. */
function hashed(start: number, bytes: Uint8Array): number {
  let hash = start
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME)
  return hash
}

/** The last step of MurmurHash3: the low bits of FNV-1a depend on the low bits of the bytes alone. */
function mixed(hash: number): number {
  let word = hash
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return (word ^ (word >>> 16)) >>> 0
}
