/** Limits of anti-entropy and catching up. @module */

/** Time between two comparisons with random peers, ms. */
export const SYNC_INTERVAL_MS = 2000
export const SYNC_PEERS = 2

/** Most bytes of messages in one answer; the next exchange brings the rest. */
export const SYNC_BYTES_MAX = 512 * 1024

/** Most links in one answer; a late peer asks again for the rest. */
export const SYNC_LINKS_MAX = 256
