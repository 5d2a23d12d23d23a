/** Bounds and names of the agreement (single-shot Tendermint, arXiv 1807.04938). @module */

/** The two instances that a round runs: on who is in, and on what came out. */
export const INSTANCES = ['commit', 'result'] as const
export type Instance = (typeof INSTANCES)[number]

/** A vote timeout grows by this factor with every view, up to the study's maximum. */
export const TIMEOUT_GROWTH = 1.5

/** Views beyond this are not accepted from anybody: it bounds what a round may store. */
export const VIEWS_MAX = 256

/** A proposed value: hashes of at most 100 manifests and 100 LOADED messages. */
export const VALUE_BYTES_MAX = 16 * 1024
