/** Derives the value that COMMIT agrees on from one view's data. @module */

import { remember } from '../immutable.ts'
import { encodeCommitValue } from '../messages/commit-value.ts'
import type { BodyOf } from '../messages/messages.ts'
import { filledChunks } from '../session/chunks.ts'
import { loadedIn, type Manifests, manifestsIn } from './data-phase.ts'
import { type Row, rowIn } from './message-table.ts'
import type { DataPhase, RoundState } from './state.ts'

/** The value that a complete data phase commits to, or undefined while it is incomplete. */
export function commitValue({ messages }: RoundState, { opening }: DataPhase): Uint8Array | undefined {
  const manifests = manifestsIn(rowIn(messages, 'manifest', opening.view), opening)
  return manifests && valueOfData(rowIn(messages, 'loaded', opening.view), manifests)
}

const valueOfData = remember((row: Row<BodyOf<'loaded'>>, manifests: Manifests): Uint8Array | undefined => {
  const { opening, hashes } = manifests
  const loaded: Uint8Array[] = []
  for (const chunk of filledChunks(opening)) {
    const message = loadedIn(row, manifests, chunk)
    if (message === undefined) return undefined
    loaded.push(message.hash)
  }
  return encodeCommitValue({ view: opening.view, open: opening.hash, manifests: hashes, loaded })
})
