/** Bounds of the aggregation. @module */

/** Fewer contributors than this hide nothing: with two, each knows the other's update. */
export const CONTRIBUTORS_MIN = 3

/** A bulk frame; libp2p's own framing resets above 4 MiB. */
export const FRAME_BYTES_MAX = 64 * 1024
