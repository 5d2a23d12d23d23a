/**
 * Hexadecimal, as the vectors write bytes.
 *
 * @module
 */

import { fromString } from 'uint8arrays/from-string'
import { toString as asString } from 'uint8arrays/to-string'

export const fromHex = (text: string): Uint8Array => fromString(text, 'base16')
export const toHex = (bytes: Uint8Array): string => asString(bytes, 'base16')
