/** Bounds of what peers sign and send: messages, votes and evidence. All of it comes from another hospital. @module */

/** Fewer contributors than this hide nothing: with two, each knows the other's update. */
export const CONTRIBUTORS_MIN = 3

/** The two instances that a round runs: on who is in, and on what came out. */
export const INSTANCES = ['commit', 'result'] as const
export type Instance = (typeof INSTANCES)[number]

/** Views beyond this are not accepted from anybody: it bounds what a round may store. */
export const VIEWS_MAX = 256

/** A proposed value: hashes of at most 100 manifests and 100 LOADED messages. */
export const VALUE_BYTES_MAX = 16 * 1024

/** A signed message of which a set holds one for each hospital: MANIFEST, RELEASE, LOADED, CHUNK-SUM, FINGERPRINT. */
export const SMALL_MESSAGE_BYTES_MAX = 1024

/** A Merkle path over a hundred chunks has seven hashes. */
export const PATH_LENGTH_MAX = 7

/** Everything in evidence but masked words: an OPEN, a certificate, three small messages and a path for each hospital. */
export const EVIDENCE_MESSAGES_BYTES_MAX = 1 << 20

/** Evidence above this is not passed on; whoever doubts it re-executes the round from the masked chunks instead. */
export const EVIDENCE_BYTES_MAX = 1 << 30

/** Control messages travel by gossip, which goes silently dead after an oversized one: keep far below its limit. */
export const MESSAGE_BYTES_MAX = 64 * 1024

/** Messages of the next round that are kept while this one ends. */
export const EARLY_PER_MEMBER_MAX = 32

/** A precommit certificate names at most the whole roster. */
export const MEMBERS_MAX = 100

/** 64 subset sums of 32 bits. */
export const FINGERPRINT_BYTES = 256

/**
 * What one member may have us keep of a round. The largest honest messages are a PROPOSE with its proof of lock and an
 * OPEN of a hundred hospitals, some 40 kB, in the views that are its own.
 */
export const ROUND_BYTES_MAX = 2 * 1024 * 1024
