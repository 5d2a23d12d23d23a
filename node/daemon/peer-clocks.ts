/** How this node's clock differs from those of its peers, who say theirs in their hellos. @module */

import type { NodeProblem } from '../http/api/node.ts'

/** A clock that differs by more from the median is told of. */
const DIFFERENCE_MS_MAX = 60_000
/** A hello that is older says nothing any more. */
const HEARD_MS_MAX = 24 * 3600_000
/** Of hospitals in all studies together. */
const PEERS_MAX = 1000
/** Peers with a wrong clock that are named; the rest is counted. */
const NAMES_MAX = 3

export interface ClockSources {
  /** this machine's clock, ms since 1970 */
  now(): number
  /** ms, monotonic: a clock that is set right meanwhile does not move it */
  monotonic(): number
}

export class PeerClocks {
  readonly #sources: ClockSources
  readonly #heard = new Map<string, { readonly time: number; readonly at: number }>()
  /** codes of the problems at the last look, and since when */
  readonly #since = new Map<string, string>()

  constructor(sources: ClockSources) {
    this.#sources = sources
  }

  /** ms since 1970 */
  now(): number {
    return this.#sources.now()
  }

  /** @param time of the peer's clock when it wrote its hello, ms since 1970 */
  heard(peer: string, time: number): void {
    if (this.#heard.size >= PEERS_MAX && !this.#heard.has(peer)) return
    this.#heard.set(peer, { time, at: this.#sources.monotonic() })
  }

  /** This node's clock less the median of all clocks, its own among them; null while no peer has said its own. */
  differenceMs(): number | null {
    const known = [...this.#differences().values()]
    return known.length === 0 ? null : medianNearZero([0, ...known])
  }

  /**
   * What a person should see to: this machine's clock where most others agree on another time, else the clocks of peers
   * that differ. Of two clocks nobody can tell which one is wrong, so each node names the other's difference only.
   */
  problems(siteOf: (peer: string) => string | null): NodeProblem[] {
    const found = this.#found(siteOf)
    for (const code of this.#since.keys()) if (found?.code !== code) this.#since.delete(code)
    if (found === null) return []
    const since = this.#since.get(found.code) ?? new Date(this.#sources.now()).toISOString()
    this.#since.set(found.code, since)
    return [{ ...found, since }]
  }

  #found(siteOf: (peer: string) => string | null): Omit<NodeProblem, 'since'> | null {
    const ownMs = this.differenceMs()
    if (ownMs === null) return null
    if (Math.abs(ownMs) > DIFFERENCE_MS_MAX) {
      return {
        code: 'clock-differs',
        message: `The clock of this machine is ${aheadText(ownMs)} those of the other hospitals`,
        hint: 'Set it by a time server (timedatectl set-ntp true). Rounds go on; invitations and logs show wrong times.',
      }
    }
    const others = [...this.#differences()].filter(([, ms]) => Math.abs(ms) > DIFFERENCE_MS_MAX)
    if (others.length === 0) return null
    const named = others.slice(0, NAMES_MAX).map(([peer, ms]) => `of ${siteOf(peer) ?? peer} is ${aheadText(-ms)} this`)
    const more = others.length > NAMES_MAX ? `, and ${others.length - NAMES_MAX} more differ` : ''
    return {
      code: 'peer-clock-differs',
      message: `The clock ${named.join(" machine's, that ")} machine's${more}`,
      hint: 'Compare both with a time server, and tell that hospital where its clock is the wrong one. Rounds go on.',
    }
  }

  /** This node's clock less each peer's, ms. */
  #differences(): Map<string, number> {
    const { now, monotonic } = { now: this.#sources.now(), monotonic: this.#sources.monotonic() }
    const fresh = [...this.#heard].filter(([, { at }]) => monotonic - at < HEARD_MS_MAX)
    return new Map(fresh.map(([peer, { time, at }]) => [peer, now - (time + monotonic - at)]))
  }
}

/** Of an even number the middle one that is nearer to 0: half of the clocks do not outvote this one. */
function medianNearZero(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!]
  return Math.abs(low) < Math.abs(high) ? low : high
}

function aheadText(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 6000) / 10
  return `${minutes} minutes ${ms > 0 ? 'ahead of' : 'behind'}`
}
