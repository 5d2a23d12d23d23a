/**
 * What must hold for a whole CSV file before a row of it counts: strict UTF-8, no row beyond the limits, all quotes
 * closed. One pass over the file, one piece of it in memory.
 *
 * Quotes are followed as the parser follows them: a quote inside of an unquoted field is an error there, and up to such
 * an error both agree on where rows and fields end.
 *
 * @module RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
 */

import { FileRefused, type OpenedFile } from '../reader.ts'
import { CSV_ROW_BYTES_MAX, FILE_COLUMNS_MAX } from './limits.ts'

const [QUOTE, LINE_FEED, RETURN] = [0x22, 0x0a, 0x0d]
const SAVE_UTF_8 = 'Save it as "CSV UTF-8", or convert it.'

/** @throws FileRefused that says what is wrong and in which line */
export async function checkCsv(file: OpenedFile, delimiter: string): Promise<void> {
  const scan = new Scan(delimiter.charCodeAt(0))
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let first = true
  for await (const piece of file.stream()) {
    if (first) refuseOtherEncodings(piece)
    first &&= piece.length === 0
    if (piece.includes(0)) throw new FileRefused(`it holds a zero byte, so it is no text in UTF-8. ${SAVE_UTF_8}`)
    decodeStrictly(decoder, piece)
    scan.add(piece)
  }
  decodeStrictly(decoder)
  scan.end()
}

function refuseOtherEncodings(start: Uint8Array): void {
  const mark = `${start[0]},${start[1]}`
  if (mark === '255,254' || mark === '254,255') throw new FileRefused(`it is in UTF-16, not in UTF-8. ${SAVE_UTF_8}`)
}

function decodeStrictly(decoder: InstanceType<typeof TextDecoder>, piece?: Uint8Array): void {
  try {
    if (piece === undefined) decoder.decode()
    else decoder.decode(piece, { stream: true })
  } catch {
    throw new FileRefused(`it is not in UTF-8, perhaps in Latin-1 (Windows-1252). ${SAVE_UTF_8}`)
  }
}

class Scan {
  readonly #delimiter: number
  #line = 1
  #quoteLine = 0
  #quoted = false
  #columns = 1
  #bytes = 0

  constructor(delimiter: number) {
    this.#delimiter = delimiter
  }

  add(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]!
      this.#bytes++
      if (byte === QUOTE) {
        this.#quoted = !this.#quoted
        if (this.#quoted) this.#quoteLine = this.#line
      } else if (byte === LINE_FEED) this.#line++
      if (this.#quoted) continue
      if (byte === LINE_FEED || byte === RETURN) [this.#columns, this.#bytes] = [1, 0]
      else if (byte === this.#delimiter) this.#columns++
      if (this.#columns > FILE_COLUMNS_MAX) {
        throw new FileRefused(`line ${this.#line} has more than ${FILE_COLUMNS_MAX} columns. Write fewer columns.`)
      }
    }
    if (this.#bytes > CSV_ROW_BYTES_MAX) throw this.#tooLong()
  }

  end(): void {
    if (this.#quoted) throw this.#unclosed('')
  }

  #tooLong(): FileRefused {
    if (this.#quoted) return this.#unclosed(` within ${CSV_ROW_BYTES_MAX} bytes`)
    return new FileRefused(
      `line ${this.#line} has more than ${CSV_ROW_BYTES_MAX} bytes. Shorten it, or split the file.`,
    )
  }

  #unclosed(within: string): FileRefused {
    const hint = 'Close it, and write "" for a quote inside of a quoted cell.'
    return new FileRefused(`a quote that opens in line ${this.#quoteLine} is not closed${within}. ${hint}`)
  }
}
