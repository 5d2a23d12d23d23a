import { hex } from '../../protocols/immutable.ts'

/** The gossip topic of a study. It goes along with every message and only routes: the body names the study in full. */
export function topicOf(study: Uint8Array): string {
  return `/confrere/1/${hex(study.subarray(0, 8))}`
}
