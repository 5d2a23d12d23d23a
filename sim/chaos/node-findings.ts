/** Reads a hospital's disk after a trial: its transcript and its charges. @module */

import { compare } from 'uint8arrays/compare'
import { ledgerPath, readLedgerFile } from '../../node/privacy/ledger-file.ts'
import { parsePeerId } from '../../node/storage/identity.ts'
import { openStore } from '../../node/storage/store.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { createRoster } from '../../protocols/roster/roster.ts'
import { studyIdOf } from '../../protocols/study/document.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { decodeLink } from '../../protocols/transcript/link.ts'

export interface Account {
  readonly site: string
  /** in the roster */
  readonly rank: number
  readonly links: readonly AccountLink[]
  /** rounds charged to the privacy ledger */
  readonly charges: readonly number[]
  /** hex, of the transcript after its last link */
  readonly transcript: string
}

/** A certified round of an account. */
export interface AccountLink {
  readonly round: number
  readonly outcome: 'result' | 'void'
  /** hex; empty for a VOID round */
  readonly checkpoint: string
  /** ranks of the contributors; of a VOID round, of the members who prevented a result */
  readonly members: readonly number[]
}

const LINKS_MAX = 1_000_000

/** Reads the disk of a stopped node. @throws OperatorError `store-unreadable`, `ledger-broken` when it is damaged */
export async function readAccount(
  { site, folder, peer }: { site: string; folder: string; peer: string },
  { document, peers }: { document: StudyDocument; peers: readonly string[] },
): Promise<Account> {
  const study = studyIdOf(document)
  const store = await openStore(folder, study)
  try {
    const { ledger } = await readLedgerFile(ledgerPath(folder))
    const charges = ledger.charges(Buffer.from(study).toString('hex'))
    const { head } = await store.head({
      study,
      document,
      founding: createRoster(document.hospitals),
    })
    const links = (await store.links(0, LINKS_MAX)).map(bytes => {
      const link = decodeLink(bytes)
      const value = decodeResultValue(link.value)
      const checkpoint = value.outcome === 'result' ? Buffer.from(value.checkpoint).toString('hex') : ''
      return { round: link.round, outcome: value.outcome, checkpoint, members: value.members }
    })
    return {
      site,
      rank: rankOf(peer, peers),
      links,
      charges: charges.map(({ round }) => round),
      transcript: Buffer.from(head.previous).toString('hex'),
    }
  } finally {
    await store.close()
  }
}

/** A peer's rank: the roster is sorted by raw id. */
function rankOf(peer: string, peers: readonly string[]): number {
  const sorted = [...peers].sort((a, b) => compare(parsePeerId(a), parsePeerId(b)))
  return sorted.indexOf(peer)
}
