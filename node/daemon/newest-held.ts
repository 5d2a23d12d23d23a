/** Puts the checkpoint of a disk's last certified RESULT in place, or finds that it is still to be fetched. @module */

import { hex } from '../../protocols/immutable.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import type { Link } from '../../protocols/transcript/link.ts'
import type { SavedRound } from '../storage/store.ts'
import type { WorkerClient } from '../worker/worker-client.ts'

/**
 * Goes on from the checkpoint of the last certified RESULT. A node that stopped while it was catching up does not hold
 * it, and has said nothing in the round that follows.
 *
 * @returns whether it must be fetched from others first
 * @throws CodedError `checkpoint-lost` when it is gone although we have said something in the round that builds on it
 */
export async function restoreCheckpoint(
  { head, tail, own }: SavedRound,
  { worker, peer }: { worker: WorkerClient } & Pick<StepContext, 'peer'>,
): Promise<{ lacksCheckpoint: boolean }> {
  if (tail === null) return { lacksCheckpoint: false }
  const link = tail.links[0] as Link
  const value = decodeResultValue(link.value)
  if (value.outcome !== 'result') return { lacksCheckpoint: false }
  const hash = hex(value.checkpoint)
  const held = (await worker.checkpoint(hash)) !== undefined
  if (!held && own.size === 0) return { lacksCheckpoint: head.roster.ranks.has(peer) }
  await worker.adopt(hash, link.round)
  return { lacksCheckpoint: false }
}
