/**
 * Resource limits for one peer. The allow-list admits every member of the roster, so everything that a member sends has
 * a limit, sized for what honest peers of the largest study (100 hospitals) do at most.
 *
 * Together they stay below 64 MB a peer: a window and a read buffer per direct stream, a write buffer per connection,
 * and the little state that is kept of a message.
 *
 * @module
 */

import { MEMBERS_MAX, MESSAGE_BYTES_MAX } from '../../../protocols/messages/limits.ts'
import { TIMER_MS_MAX } from '../../../protocols/study/limits.ts'

/** Both sides may dial at once, and a broken line leaves a connection behind until TCP notices. */
export const CONNECTIONS_PER_PEER_MAX = 4
/** All connections of all members, so that no member can exclude another. */
export const CONNECTIONS_MAX = CONNECTIONS_PER_PEER_MAX * MEMBERS_MAX
/** A flapping line reconnects often; a handshake costs a millisecond of processor time. */
export const CONNECTIONS_PER_PEER = { capacity: 20, perSecond: 1 }
/** Handshakes in progress, of all addresses. */
export const HANDSHAKES_MAX = 256
/** Of one network: a peer that stalls a handshake is not authenticated yet, so it must not occupy all of them. */
export const HANDSHAKES_PER_NETWORK_MAX = 64

/** Each protocol uses one stream; a broken one may linger until its reset arrives. */
export const STREAMS_PER_PROTOCOL_MAX = 4
/** All protocols together, streams in negotiation included: five of ours, gossip and identify, each way. */
export const STREAMS_PER_CONNECTION_MAX = 64
/** Bytes that a stream may send before we have read any of them. */
export const STREAM_WINDOW_BYTES_MAX = 1 << 20
/** Pongs, window updates and answers that a peer requests and does not read. */
export const UNSENT_BYTES_MAX = 8 << 20

/** A gossip frame: one message of the largest size with its envelope, or many small ones. */
export const GOSSIP_FRAME_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
/** Gossip queued for a peer with a slow line; at n = 100 a round makes about 2 MB. */
export const GOSSIP_UNSENT_BYTES_MAX = 4 << 20
export const GOSSIP_MESSAGES_PER_FRAME_MAX = 256
/** A topic for each study, subscribed to once: our own gossip never sends more entries than this. */
export const GOSSIP_CONTROLS_PER_FRAME_MAX = 64
/** Topics that are remembered of a peer: one for each study that it takes part in. */
export const TOPICS_PER_PEER_MAX = 64
export const TOPIC_CHARACTERS_MAX = 64
/** Message ids that are remembered, so that a copy costs a hash, not a signature check. */
export const GOSSIP_SEEN_MAX = 16 * 1024

/**
 * Messages from one peer, forwarded ones included, by gossip and by anti-entropy. A signature check takes 0.12 ms, so
 * this is an eighth of a processor. A round is 14 messages a member: at n = 100 that is 1400 in several seconds.
 */
export const MESSAGES_PER_PEER = { capacity: 4000, perSecond: 1000 }
/** A round at n = 100 is about 2 MB of messages. */
export const MESSAGE_BYTES_PER_PEER = { capacity: 16 << 20, perSecond: 4 << 20 }

/** One-request streams and request frames. An honest peer sends at most ten a second. */
export const REQUESTS_PER_PEER = { capacity: 400, perSecond: 100 }
/** Bytes of anti-entropy answers: a late peer gets whole transcripts, but not repeatedly. */
export const ANSWER_BYTES_PER_PEER = { capacity: 8 << 20, perSecond: 512 << 10 }
/**
 * Bytes on the wire that no protocol of ours has read yet: two full windows, pings, negotiation, headers. Each byte
 * may be held as an object of its own, so this is small.
 */
export const UNACCOUNTED_BYTES_PER_PEER = { capacity: 3 << 20, perSecond: 64 << 10 }
/**
 * Frames that cost more than their bytes: pings, resets, window updates, pieces of a few bytes. We answer each with a
 * frame, so this is a fifth of a processor. Gossip makes a thousand, and as many window updates.
 */
export const FRAMES_PER_PEER = { capacity: 10_000, perSecond: 2500 }
export const BULK_FRAME_BYTES_MIN = 1024
/** Window updates that the other side sends for one of our writes of 64 KiB, with the smallest allowed window. */
export const FRAMES_PER_WRITE = 16
/** Headers that belong to one piece of payload: a yamux frame, its encryption, and the window update for it. */
export const FRAME_OVERHEAD_BYTES = 128

/** Limits for the messages that one member authors. Gossip forwards messages, so this bounds what others receive. */
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

/** Delays that do not depend on bandwidth: round trips, a busy processor, a retransmission. */
const PATIENCE_MS = 10_000
/** A transfer shares its line with others, so a third of the study's minimum bandwidth is enough. */
const SLOWNESS = 3

/**
 * Time in which a peer must transfer that many bytes before it counts as stalling, ms.
 *
 * @param bandwidthMin the study's minimum, bit/s
 */
export function patienceMs(bytes: number, bandwidthMin: number): number {
  return Math.min(TIMER_MS_MAX, PATIENCE_MS + Math.ceil((SLOWNESS * bytes * 8 * 1000) / bandwidthMin))
}
