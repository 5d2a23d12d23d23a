/**
 * The frames of bulk transfer: masked chunks to their owners, and what is pulled by hash.
 *
 * @module
 */

import { z } from 'zod'
import { decode } from '../encoding/codec.ts'
import { bytesUpTo, hash32, uint32, whole } from '../encoding/fields.ts'
import { printable } from '../encoding/printable.ts'
import { ProtocolError } from '../errors.ts'

export const CHUNK_PROTOCOL = '/confrere/chunk/1.0.0'
export const PULL_PROTOCOL = '/confrere/pull/1.0.0'

/** A Merkle path over a hundred chunks has seven hashes. */
const PATH_LENGTH_MAX = 20

const path = z.array(hash32).max(PATH_LENGTH_MAX)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const owners = whole(1, 100)

/** Opens an upload: the signed manifest that commits to the chunk, which chunk, and the proof. */
export const UPLOAD = z.strictObject({ manifest: bytesUpTo(2048), sid: hash, chunk: uint32, length: uint32, path })
/** Where to go on: what came before a broken stream need not be sent again. */
export const UPLOAD_ANSWER = z.strictObject({ offset: uint32 })
export const PULL = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['sum', 'checkpoint']), hash }),
  /** `member`: whose part, for an owner has those of others */
  z.strictObject({ kind: z.literal('chunk'), round: uint32, sid: hash, chunk: uint32, owners, member: uint32 }),
])
export type PullRequest = z.infer<typeof PULL>
/** Length 0: not here. */
export const PULL_ANSWER = z.strictObject({ length: uint32, path })

/** Decodes and checks a frame. @throws ProtocolError `bad-transfer` */
export function parseFrame<T>(schema: z.ZodType<T>, wire: Uint8Array): T {
  const parsed = schema.safeParse(decode(wire, { bytesMax: FRAME_BYTES_MAX }))
  if (parsed.success) return parsed.data
  throw new ProtocolError('bad-transfer', printable(parsed.error.issues[0]?.message ?? 'not a transfer frame'))
}

/** A bulk frame; libp2p's own framing resets above 4 MiB. */
export const FRAME_BYTES_MAX = 64 * 1024
