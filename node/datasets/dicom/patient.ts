/** A patient's identifier, which leaves only as what a keyed function makes of it. @module */

import { inspect } from 'node:util'

const HIDDEN = '[patient]'

/** Prints, serialises and converts as a constant, so that no log, message or error holds it by mistake. */
export class PatientId {
  readonly #id: string

  /** @param id as the file has it; spaces and zeros around it mean nothing (PS3.5, LO) */
  constructor(id: string) {
    this.#id = trimmed(id)
  }

  /** Whether the file names no patient: its records cannot be told apart by patient then. */
  get empty(): boolean {
    return this.#id === ''
  }

  /**
   * What a keyed hash makes of the identifier.
   *
   * @param hmac the caller's HMAC under the hospital's own key; it must not keep its argument
   */
  keyed<T>(hmac: (id: Uint8Array) => T): T {
    return hmac(Buffer.from(this.#id, 'latin1'))
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}

/** Without the spaces and zeros that pad a string to an even length. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && padding(text.charCodeAt(start))) start += 1
  while (end > start && padding(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function padding(code: number): boolean {
  return code === 0 || code === 32
}
