/**
 * What one peer may cost us. A member of the roster gets through the allow-list, so everything that comes from it has a
 * limit, sized for what honest peers of the largest study (100 hospitals) do at most.
 *
 * All of it together stays below 64 MB a peer: per direct stream a window and what waits to be read, per connection
 * what waits to be written, and the little that is kept of a message.
 *
 * @module
 */

import { MEMBERS_MAX, MESSAGE_BYTES_MAX } from '../../../protocols/messages/limits.ts'
import { TIMER_MS_MAX } from '../../../protocols/study/limits.ts'

/** Both sides may dial at once, and a line that broke leaves a connection behind until TCP notices. */
export const CONNECTIONS_PER_PEER_MAX = 4
/** Every member with all of its connections, so that none keeps another out. */
export const CONNECTIONS_MAX = CONNECTIONS_PER_PEER_MAX * MEMBERS_MAX
/** Reconnecting is as quick as a line flaps; a handshake costs a millisecond of processor. */
export const CONNECTIONS_PER_PEER = { capacity: 20, perSecond: 1 }
/** Handshakes under way. Whoever stalls them is a stranger yet, so one address must not take all the places. */
export const HANDSHAKES_MAX = 256
export const HANDSHAKES_PER_HOST_MAX = 64

/** One stream is used of each protocol; one that broke may linger until its reset arrives. */
export const STREAMS_PER_PROTOCOL_MAX = 4
/** All protocols together, those under negotiation too: five of ours, gossip and identify, each way. */
export const STREAMS_PER_CONNECTION_MAX = 64
/** What a stream may send before we have read any of it. */
export const STREAM_WINDOW_BYTES_MAX = 1 << 20
/** Pongs, window updates and answers that a peer asks for and does not read. */
export const UNSENT_BYTES_MAX = 8 << 20

/** A gossip frame: one message of the largest size with its envelope, or many small ones. */
export const GOSSIP_FRAME_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
/** Gossip that waits for a peer with a slow line; at n = 100 a round brings about 2 MB. */
export const GOSSIP_UNSENT_BYTES_MAX = 4 << 20
export const GOSSIP_MESSAGES_PER_FRAME_MAX = 256
/** One topic, subscribed to once: more entries than this are not from our gossip. */
export const GOSSIP_CONTROLS_PER_FRAME_MAX = 64
/** Message ids are remembered so that a copy costs a hash, not a signature check. */
export const GOSSIP_SEEN_MAX = 16 * 1024

/**
 * Messages from one peer, forwarded ones included, by gossip and by anti-entropy. A signature check is 0.12 ms, so
 * this is an eighth of a processor. A round is 14 messages a member: at n = 100 that is 1400 in several seconds.
 */
export const MESSAGES_PER_PEER = { capacity: 4000, perSecond: 1000 }
/** A round at n = 100 is about 2 MB of messages. */
export const MESSAGE_BYTES_PER_PEER = { capacity: 16 << 20, perSecond: 4 << 20 }

/** One-request streams and frames that ask for something. An honest peer asks ten times a second at most. */
export const REQUESTS_PER_PEER = { capacity: 400, perSecond: 100 }
/** What anti-entropy answers: late peers are given whole transcripts, but not again and again. */
export const ANSWER_BYTES_PER_PEER = { capacity: 8 << 20, perSecond: 512 << 10 }
/**
 * Bytes on the wire that no protocol of ours has read yet: two full windows, pings, negotiation, headers. What is kept
 * of them may be as many objects as there are bytes, so this is small.
 */
export const UNACCOUNTED_BYTES_PER_PEER = { capacity: 3 << 20, perSecond: 64 << 10 }
/**
 * Frames that cost more than their bytes: pings, resets, window updates, pieces of a few bytes. Each is answered with a
 * frame of ours, so this is a fifth of a processor. Gossip makes a thousand and as many window updates.
 */
export const FRAMES_PER_PEER = { capacity: 10_000, perSecond: 2500 }
export const BULK_FRAME_BYTES_MIN = 1024
/** Window updates that the other side sends for one of our writes of 64 KiB, in a window as small as it may be. */
export const FRAMES_PER_WRITE = 16
/** Headers that belong to one piece of payload: a yamux frame, its encryption, and the window update for it. */
export const FRAME_OVERHEAD_BYTES = 128

/** What a member may say through the gossip, in its own name. Messages are passed on, so this bounds what others see. */
export function originLimits(members: number): { messages: BucketSize; bytes: BucketSize } {
  const share = MESSAGES_PER_PEER.perSecond / members
  const bytesShare = MESSAGE_BYTES_PER_PEER.perSecond / members
  return {
    messages: { capacity: Math.max(200, 4 * share), perSecond: share },
    // a proposer's OPEN, two PROPOSEs and a certificate are 150 KB at n = 100
    bytes: { capacity: Math.max(512 << 10, 4 * bytesShare), perSecond: bytesShare },
  }
}

export interface BucketSize {
  readonly capacity: number
  readonly perSecond: number
}

/** Time that nothing is said about a line in: round trips, a busy processor, a retransmission. */
const PATIENCE_MS = 10_000
/** A line shares its bandwidth with others, so a third of the study's minimum must do. */
const SLOWNESS = 3

/**
 * How long a peer may take for that many bytes before it counts as stalling.
 *
 * @param bandwidthMin the study's minimum, bit/s
 */
export function patienceMs(bytes: number, bandwidthMin: number): number {
  return Math.min(TIMER_MS_MAX, PATIENCE_MS + Math.ceil((SLOWNESS * bytes * 8 * 1000) / bandwidthMin))
}
