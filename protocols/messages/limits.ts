/** Limits of messages, votes and evidence, which come from other hospitals. @module */

/** Smallest number of contributors: with two, each would know the other's update. */
export const CONTRIBUTORS_MIN = 3

/** The two agreements of a round: on the session, and on the result. */
export const INSTANCES = ['commit', 'result'] as const
export type Instance = (typeof INSTANCES)[number]

/** Highest view that is accepted: it bounds what a round stores. */
export const VIEWS_MAX = 256

/** A proposed value: hashes of at most 100 manifests and 100 LOADED messages. */
export const VALUE_BYTES_MAX = 16 * 1024

/**
 * A signed message of a kind that occurs once for each hospital in a set: MANIFEST, RELEASE, LOADED, CHUNK-SUM,
 * FINGERPRINT.
 */
export const SMALL_MESSAGE_BYTES_MAX = 1024

/** A Merkle path over a hundred chunks has seven hashes. */
export const PATH_LENGTH_MAX = 7

/**
 * Everything in evidence but masked words: an OPEN, a certificate, three small messages and a path for each hospital.
 */
export const EVIDENCE_MESSAGES_BYTES_MAX = 1 << 20

/** Larger evidence is not passed on; in its place a peer can recompute the round from the masked chunks. */
export const EVIDENCE_BYTES_MAX = 1 << 30

/**
 * Control messages travel by gossip, which stops without an error after a message above its own limit: this stays far
 * below that.
 */
export const MESSAGE_BYTES_MAX = 64 * 1024

/** Messages of the next round that are kept while this one ends. */
export const EARLY_PER_MEMBER_MAX = 32

/** A precommit certificate names at most the whole roster. */
export const MEMBERS_MAX = 100

/** 64 subset sums of 32 bits. */
export const FINGERPRINT_BYTES = 256

/**
 * Bytes of a round that are kept for one member. The largest honest messages are a PROPOSE with its proof of lock and an
 * OPEN of a hundred hospitals, some 40 kB, in the views that are its own.
 */
export const ROUND_BYTES_MAX = 2 * 1024 * 1024
