/** A hospital makes a pass for a client: of its newest certified checkpoint, whether its node runs or not. @module */

import { createSigner, SEED_BYTES } from '../../../crypto/signature.ts'
import { deployed } from '../../../protocols/model/checkpoint.ts'
import { issuePass } from '../../../protocols/prediction/client-pass.ts'
import { ADDRESS_CHARACTERS_MAX } from '../../../protocols/study/limits.ts'
import { type Identity, peerIdString } from '../../storage/identity.ts'
import type { FoundCheckpoint } from '../../storage/newest-checkpoint.ts'
import { requireMember, type VerifiedStudy } from '../../storage/study-file.ts'
import { linearHead } from './linear-head.ts'
import { notePass } from './pass-book.ts'
import { PASS_ADDRESSES_MAX, writePassFile } from './pass-file.ts'

export const PASS_DAYS_DEFAULT = 30
export const PASS_DAYS_MAX = 365
const DAY_MS = 24 * 3600 * 1000

export interface PassChoices {
  /** whom it is for, for the operator's own list */
  readonly name: string
  /** the file to write */
  readonly out: string
  readonly days: number
  /** ms since 1970 */
  readonly now: number
  readonly random: (bytes: number) => Uint8Array
  /** of hospitals by PeerId, beside those in the study */
  readonly addresses: ReadonlyMap<string, readonly string[]>
}

/**
 * Makes a pass with a key of its own, writes its file, and notes it.
 *
 * @returns PeerId of the client, which is the pass's id, and when it expires
 * @throws OperatorError `not-linear`, `not-in-roster`, as `writePassFile` and `notePass`
 */
export async function newPass(
  folder: string,
  { identity, study, found }: { identity: Identity; study: VerifiedStudy; found: FoundCheckpoint },
  { name, out, days, now, random, addresses }: PassChoices,
): Promise<{ client: string; expires: number }> {
  const { document, checkpoint } = found
  requireMember(document, identity.peer)
  const head = linearHead(document, checkpoint)
  const seed = random(SEED_BYTES)
  const client = createSigner(seed).id
  const expires = Math.floor((now + days * DAY_MS) / 1000) * 1000
  const pass = issuePass(identity.signer, {
    study: new Uint8Array(Buffer.from(study.study, 'hex')),
    checkpoint: new Uint8Array(Buffer.from(found.hash, 'hex')),
    ...{ client, expires, round: found.round, normalisation: head.normalisation, weightNorm: head.weightNorm },
  })
  const { normalisation } = deployed(checkpoint)
  const values = new Uint8Array(normalisation.buffer, normalisation.byteOffset, normalisation.byteLength).slice()
  const known = document.hospitals.map(one => {
    const all = [...one.addresses, ...(addresses.get(peerIdString(one.id)) ?? [])]
    return [...new Set(all)].filter(text => text.length <= ADDRESS_CHARACTERS_MAX).slice(0, PASS_ADDRESSES_MAX)
  })
  await writePassFile(out, { seed, pass: pass.bytes, study: study.bytes, normalisation: values, addresses: known })
  const id = peerIdString(client)
  await notePass(folder, { client: id, name, study: study.study, round: found.round, created: now, expires })
  return { client: id, expires }
}
