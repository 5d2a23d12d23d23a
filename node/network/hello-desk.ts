/**
 * Answers hellos for all studies of a node: each asks for one of them. A hospital that asks for a study which this node
 * does not run is answered with one that both are in, so that its operator learns of the difference.
 *
 * @module
 */

import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import { decodeHello, HELLO_BYTES_MAX } from './hello.ts'
import type { NetworkHost } from './network.ts'
import { reply } from './request-reply.ts'

export const HELLO_PROTOCOL = '/confrere/hello/2.0.0'

/** Speaks for one study. */
export interface Greeter {
  /** whether the peer is a member */
  admits(peer: string): boolean
  /**
   * Takes a hello for this study, or with null knows that it was for another one.
   *
   * @returns ours; `answered` is called when the peer has it
   * @throws ProtocolError as `decodeHello`
   */
  answer(peer: string, request: Uint8Array | null): { readonly hello: Uint8Array; answered(): void }
  /** for a request and its answer, on a line as slow as the study allows */
  readonly withinMs: number
}

export class HelloDesk {
  readonly #greeters = new Map<string, Greeter>()
  readonly #host: NetworkHost

  /** @param host of all studies */
  constructor(host: NetworkHost) {
    this.#host = host
  }

  async start(): Promise<void> {
    await this.#host.handle(HELLO_PROTOCOL, async (stream, peer) => {
      const withinMs = Math.max(0, ...[...this.#greeters.values()].map(greeter => greeter.withinMs))
      let answered = (): void => {}
      const answer = async (request: Uint8Array): Promise<Uint8Array> => {
        const given = this.#answer(peer, request)
        answered = given.answered
        return given.hello
      }
      try {
        await reply(this.#host.channel(stream, peer), answer, { bytesMax: HELLO_BYTES_MAX, withinMs })
        answered()
      } catch (error) {
        this.#host.guard.blame(peer, error)
      }
    })
  }

  add(study: Uint8Array, greeter: Greeter): void {
    this.#greeters.set(hex(study), greeter)
  }

  remove(study: Uint8Array): void {
    this.#greeters.delete(hex(study))
  }

  #answer(peer: string, request: Uint8Array): ReturnType<Greeter['answer']> {
    const meant = this.#greeters.get(hex(decodeHello(request).study))
    if (meant?.admits(peer)) return meant.answer(peer, request)
    const other = [...this.#greeters.values()].find(greeter => greeter.admits(peer))
    if (other === undefined) throw new ProtocolError('no-study', 'shares no study with us', { action: 'ignore' })
    return other.answer(peer, null)
  }
}
