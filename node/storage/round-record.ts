/** What one certified round left behind, as the local interface and the log show it. @module */

/** One finished round, seen from this node. */
export interface RoundRecord {
  round: number
  outcome: 'result' | 'void'
  views: number
  /** peer ids */
  contributors: string[]
  durationMs: number
  trainMs: number
  /** from the own training step's end to the own checkpoint */
  beyondMs: number
  /** for this study: its streams and its gossip, framing and encryption included */
  bytesSent: number
  /** hex */
  checkpoint: string
  /** ISO 8601, UTC; absent in records of older versions */
  finishedAt?: string
}
