/** Bounds of roster changes. @module */

/** Longest encoded change: it has at most one hospital, with a name and at most eight addresses, and one more id. */
export const CHANGE_BYTES_MAX = 4096

/** First views of a round from which a hospital is banned that a certified VOID named; later views may need it. */
export const BAN_VIEWS = 2

/** A ban's length doubles with every VOID that names the hospital, up to 2^BAN_DOUBLINGS_MAX rounds. */
export const BAN_DOUBLINGS_MAX = 10
