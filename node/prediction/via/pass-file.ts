/**
 * The file that a client gets: its key, its pass, the study, and what is public of the model: where the hospitals are,
 * and the normalisation that features need. Who holds the file is the client.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { equals } from 'uint8arrays/equals'
import { z } from 'zod'
import { createSigner, SEED_BYTES } from '../../../crypto/signature.ts'
import { decode, encode } from '../../../protocols/encoding/codec.ts'
import { bytesOf, bytesUpTo, record } from '../../../protocols/encoding/fields.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { hex } from '../../../protocols/immutable.ts'
import { CLIENT_PASS_BYTES_MAX, type ClientPass, openPass } from '../../../protocols/prediction/client-pass.ts'
import { ADDRESS_CHARACTERS_MAX, ADDRESSES_MAX, HOSPITALS_MAX } from '../../../protocols/study/limits.ts'
import { normalisationLength } from '../../../protocols/study/normalisation-kinds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { writeFileNew } from '../../storage/atomic-file.ts'
import { peerIdString } from '../../storage/identity.ts'
import { openStudy, type ReadOptions } from '../../storage/study-file.ts'
import { normalisationHash, requireLinearModel } from './linear-head.ts'

const VERSION = 1
/** A study of 1 MiB, a normalisation of 2^20 numbers, and the rest. */
const PASS_FILE_BYTES_MAX = 8 << 20
/** As a document has them, and those that the issuer knows beside. */
export const PASS_ADDRESSES_MAX = 2 * ADDRESSES_MAX

const FILE = record({
  version: z.literal(VERSION),
  seed: bytesOf(SEED_BYTES),
  pass: bytesUpTo(CLIENT_PASS_BYTES_MAX),
  study: bytesUpTo(2 << 20),
  normalisation: bytesUpTo(4 << 20),
  /** in the order of the document's hospitals */
  addresses: z.array(z.array(z.string().max(ADDRESS_CHARACTERS_MAX)).max(PASS_ADDRESSES_MAX)).max(HOSPITALS_MAX),
})
export type PassFields = Omit<z.output<typeof FILE>, 'version'>

export interface PassHospital {
  /** raw PeerId */
  readonly id: Uint8Array
  /** base58btc PeerId */
  readonly peer: string
  readonly name: string
  readonly addresses: readonly string[]
}

/** A pass file, verified. */
export interface OpenedPass {
  readonly seed: Uint8Array
  readonly pass: ClientPass
  readonly document: StudyDocument
  /** hex */
  readonly study: string
  readonly normalisation: Float32Array
  readonly hospitals: readonly PassHospital[]
}

/** Writes a new file, readable by its owner alone. @throws OperatorError `file-exists`, `unwritable`; exit code 2 */
export async function writePassFile(file: string, fields: PassFields): Promise<void> {
  await writeFileNew(file, encode({ version: VERSION, ...fields }), 0o600).catch((cause: NodeJS.ErrnoException) => {
    const exists = cause.code === 'EEXIST'
    throw new OperatorError(
      exists ? 'file-exists' : 'unwritable',
      exists ? `${file} exists already` : `${file} cannot be written: ${cause.code ?? cause.message}`,
      { hint: 'Name a new file in a folder that you may write to: --out FILE.', exitCode: EXIT.usage, cause },
    )
  })
}

/**
 * Reads and verifies a pass file.
 *
 * @param now ms since 1970
 * @throws OperatorError `pass-unreadable`, `pass-expired` (exit code 2), `pass-damaged` (exit code 8), `not-linear`, as
 *   `openStudy`
 */
export async function readPassFile(file: string, now: number, options: ReadOptions = {}): Promise<OpenedPass> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new OperatorError('pass-unreadable', `The pass ${file} cannot be read: ${cause.code ?? cause.message}`, {
      hint: 'Check the path; a hospital of the study makes a pass with "confrere pass new".',
      exitCode: EXIT.usage,
      cause,
    })
  })
  const opened = openPassFile(new Uint8Array(bytes), file, options)
  if (now < opened.pass.expires) return opened
  throw new OperatorError('pass-expired', `The pass has expired, at ${new Date(opened.pass.expires).toISOString()}`, {
    hint: 'Ask a hospital of the study for a new one; if it is new, set the clock of this machine.',
    exitCode: EXIT.usage,
  })
}

/** Verifies the bytes of a pass file. @param file only names it. @throws OperatorError as `readPassFile` */
export function openPassFile(bytes: Uint8Array, file: string, options: ReadOptions = {}): OpenedPass {
  try {
    const { seed, pass: passBytes, study, normalisation, addresses } = FILE.parse(decode(bytes, PASS_FILE_BYTES_MAX))
    const pass = openPass(passBytes)
    const { document, study: id } = openStudy(study, `The study in ${file}`, options)
    requireLinearModel(document)
    const values = new Float32Array(new Uint8Array(normalisation).buffer.slice(0))
    const isWhole =
      hex(pass.study) === id &&
      equals(pass.client, createSigner(seed).id) &&
      document.hospitals.some(({ id: hospital }) => equals(hospital, pass.issuer)) &&
      values.length === normalisationLength(document) &&
      equals(normalisationHash(values), pass.normalisation) &&
      addresses.length === document.hospitals.length
    if (!isWhole) throw new ProtocolError('bad-pass', 'its parts do not belong together')
    const hospitals = document.hospitals.map(({ id: hospital, name }, at) => ({
      ...{ id: hospital, peer: peerIdString(hospital), name, addresses: addresses[at]! },
    }))
    return { seed, pass, document, study: id, normalisation: values, hospitals }
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause
    throw new OperatorError('pass-damaged', `${file} is not a pass as a hospital made it: it was changed or damaged`, {
      hint: 'Get the file again from the hospital that made it.',
      exitCode: EXIT.verificationFailed,
      cause,
    })
  }
}
