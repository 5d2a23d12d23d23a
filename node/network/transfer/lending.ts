/**
 * What is lent to peers that pull: our masked chunks, opened sums, checkpoints. What several ask for at once is held
 * once, and nobody is lent more than a few times what a round can make it need.
 *
 * @module
 */

import type { PullRequest } from '../../../protocols/exchange/frames.ts'
import { CHECKPOINT_BYTES_PER_WORD, isKnownPart, type Pulled } from '../../../protocols/exchange/pull.ts'
import { contextAt, type StepContext } from '../../../protocols/round/context.ts'
import type { RoundState } from '../../../protocols/round/state.ts'
import { systemClock } from '../../clock.ts'
import type { WorkerClient } from '../../worker/worker-client.ts'
import { BucketMap } from '../limits/token-bucket.ts'

/**
 * Bytes per word of the model: twice all sums and all masked chunks of a round (4 each) and twice a checkpoint (12).
 * A broken line begins again from the start.
 */
const LENT_BYTES_PER_WORD = 40
const LENT_BYTES_MIN = 1 << 20
/** What was lent is forgotten at this pace, and at once when a round ends. */
const LENT_FORGOTTEN_SECONDS = 60

export interface LibraryParts {
  readonly context: StepContext
  readonly worker: WorkerClient
  readonly state: () => RoundState
}

export class PullSource {
  readonly #parts: LibraryParts
  /** by PeerId: a stream outlives rosters, and a rank does not */
  readonly #lent: BucketMap<string>
  readonly #allowance: number
  readonly #rounds = new Map<string, number>()
  readonly #out = new Map<string, { readonly found: Promise<Pulled | undefined>; readers: number }>()

  constructor(parts: LibraryParts) {
    this.#parts = parts
    this.#allowance = LENT_BYTES_MIN + LENT_BYTES_PER_WORD * parts.context.dimension
    const size = { capacity: this.#allowance, perSecond: this.#allowance / LENT_FORGOTTEN_SECONDS }
    this.#lent = new BucketMap(size, systemClock)
  }

  /** Gives what is asked for to `use`, or undefined when it is not here, or not for this peer now. */
  async lend(to: string, wanted: PullRequest, use: (found: Pulled | undefined) => Promise<void>): Promise<void> {
    const bucket = this.#lent.of(to)
    const { round } = this.#parts.state()
    if (this.#rounds.get(to) !== round) bucket.give(this.#allowance)
    this.#rounds.set(to, round)
    const bytes = this.#bytesOf(wanted)
    // what it costs to find it is paid for, whether it is then read or not
    if (bytes === undefined || !bucket.take(bytes)) return await use(undefined)
    const key = JSON.stringify(wanted)
    const out = this.#out.get(key) ?? { found: this.#find(wanted), readers: 0 }
    this.#out.set(key, out)
    out.readers += 1
    try {
      await use(await out.found)
    } finally {
      out.readers -= 1
      if (out.readers === 0) this.#out.delete(key)
    }
  }

  /** What something weighs, or undefined for a chunk that we cannot have. */
  #bytesOf(wanted: PullRequest): number | undefined {
    const { context, state } = this.#parts
    if (wanted.kind === 'checkpoint') return CHECKPOINT_BYTES_PER_WORD * context.dimension
    if (wanted.kind !== 'chunk') return (4 * context.dimension) / Math.max(1, context.roster.hospitals.length)
    return isKnownPart(state(), wanted) ? (4 * context.dimension) / wanted.owners : undefined
  }

  async #find(wanted: PullRequest): Promise<Pulled | undefined> {
    const { worker } = this.#parts
    if (wanted.kind === 'chunk') {
      const { self } = contextAt(this.#parts.context, this.#parts.state().roster)
      return await (wanted.member === self ? worker.chunk(wanted) : worker.part(wanted))
    }
    const bytes = await (wanted.kind === 'sum' ? worker.sum(wanted.hash) : worker.checkpoint(wanted.hash))
    return bytes && { bytes, path: [] }
  }
}
