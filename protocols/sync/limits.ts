/** Bounds of anti-entropy and catching up. @module */

/** Every so often, what one holds is compared with two random peers. */
export const SYNC_INTERVAL_MS = 2000
export const SYNC_PEERS = 2

/** One answer carries at most this much; the next exchange brings the rest. */
export const SYNC_BYTES_MAX = 512 * 1024

/** Links in one answer: a late peer asks again for the rest. */
export const SYNC_LINKS_MAX = 256
