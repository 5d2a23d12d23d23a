/** How this node's clock differs from those of its peers, who say theirs in their hellos. @module */

import type { NodeProblem } from '../http/api/node.ts'

/** A clock that differs by more from the median of its peers is told of. */
const DIFFERENCE_MS_MAX = 60_000
/** A hello that is older says nothing any more. */
const HEARD_MS_MAX = 24 * 3600_000
/** Of hospitals in all studies together. */
const PEERS_MAX = 1000

export class PeerClocks {
  /** ms since 1970 */
  readonly now: () => number
  readonly #differences = new Map<string, { readonly ms: number; readonly heardAt: number }>()
  #since: string | null = null

  /** @param now ms since 1970 */
  constructor(now: () => number) {
    this.now = now
  }

  /** @param time of the peer's clock when it wrote its hello, ms since 1970 */
  heard(peer: string, time: number): void {
    const now = this.now()
    if (this.#differences.size >= PEERS_MAX && !this.#differences.has(peer)) return
    this.#differences.set(peer, { ms: now - time, heardAt: now })
  }

  /** This node's clock less the median of its peers'; null while none has said its own. */
  differenceMs(): number | null {
    const now = this.now()
    const known = [...this.#differences.values()].filter(({ heardAt }) => now - heardAt < HEARD_MS_MAX)
    const sorted = known.map(({ ms }) => ms).sort((a, b) => a - b)
    if (sorted.length === 0) return null
    const middle = sorted.length >> 1
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  }

  /** The problem that a person should see to, if the clock is wrong. */
  problems(): NodeProblem[] {
    const ms = this.differenceMs()
    if (ms === null || Math.abs(ms) <= DIFFERENCE_MS_MAX) {
      this.#since = null
      return []
    }
    this.#since ??= new Date(this.now()).toISOString()
    const minutes = Math.round(Math.abs(ms) / 6000) / 10
    return [
      {
        code: 'clock-differs',
        message: `The clock of this machine is ${minutes} minutes ${ms > 0 ? 'ahead of' : 'behind'} those of the other hospitals`,
        hint: 'Set it by a time server (timedatectl set-ntp true). Rounds go on; invitations and logs show wrong times.',
        since: this.#since,
      },
    ]
  }
}
