/** Bounds of a round's messages. @module */

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
