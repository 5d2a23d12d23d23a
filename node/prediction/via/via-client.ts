/** A client's connections to the hospitals of a pass: shows the pass, sends shares, verifies signed answers. @module */

import { toBytes } from '../../../crypto/ring.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import {
  decodePredictionReply,
  encodePrediction,
  openProducts,
  PREDICTION_PROTOCOL,
  type PredictionMessage,
  type PredictionReply,
  REPLY_BYTES_MAX,
  sharesPerRequest,
} from '../../../protocols/prediction/messages.ts'
import { predictionRefusalText } from '../../../protocols/prediction/refusal.ts'
import { createHost } from '../../network/libp2p-host.ts'
import type { HostInit, NetworkHost } from '../../network/network.ts'
import { dialErrorText } from '../../network/reach/dial-error.ts'
import { ask } from '../../network/request-reply.ts'
import type { OpenedPass, PassHospital } from './pass-file.ts'

const DIAL_MS = 10_000
const ANSWER_MS = 60_000

/** A hospital that answers, or why it does not. */
export interface Asked {
  readonly hospital: PassHospital
  /** null: it answers */
  readonly refused: string | null
}

/** How a client reaches hospitals: over TCP, or in tests in memory. */
export type ClientReach = Partial<Pick<HostInit, 'transport' | 'reach'>>

export class ViaClient {
  readonly #pass: OpenedPass
  readonly #host: NetworkHost

  private constructor(pass: OpenedPass, host: NetworkHost) {
    this.#pass = pass
    this.#host = host
  }

  /** Makes a host with the pass's key, which listens nowhere. */
  static async open(pass: OpenedPass, { transport = 'tcp', reach = {} }: ClientReach = {}): Promise<ViaClient> {
    const quiet = { listen: [], announce: [], bootstrap: [], mdns: false }
    const peers = new Set(pass.hospitals.map(({ peer }) => peer))
    const host = await createHost(
      { ...quiet, transport, seed: pass.seed, reach: { ...reach, relay: false } },
      { admits: peer => peers.has(peer), allows: () => false },
    )
    await host.start()
    return new ViaClient(pass, host)
  }

  async close(): Promise<void> {
    await this.#host.stop()
  }

  /** Shows the pass to every hospital. */
  async greet(): Promise<Asked[]> {
    return await Promise.all(
      this.#pass.hospitals.map(async hospital => {
        try {
          await this.#dial(hospital)
          const said = await this.#ask(hospital, { pass: this.#pass.pass.bytes }, DIAL_MS)
          if ('welcome' in said) return { hospital, refused: null }
          return { hospital, refused: 'refused' in said ? predictionRefusalText(said.refused) : 'it answers otherwise' }
        } catch (error) {
          return { hospital, refused: whyNot(error) }
        }
      }),
    )
  }

  /**
   * Products of shares with the head, from one hospital.
   *
   * @throws ProtocolError `prediction-refused`, `bad-answer`; errors of the network
   */
  async products(hospital: PassHospital, shares: readonly Uint32Array[]): Promise<BigUint64Array[]> {
    const { pass, document } = this.#pass
    const { checkpoint, study } = pass
    const classes = document.contract.classes.length
    const most = sharesPerRequest((shares[0]?.length ?? 2) / 2)
    const products: BigUint64Array[] = []
    for (let start = 0; start < shares.length; start += most) {
      const sent = shares.slice(start, start + most).map(toBytes)
      const said = await this.#ask(hospital, { checkpoint, shares: sent }, ANSWER_MS)
      if ('refused' in said) throw new ProtocolError('prediction-refused', predictionRefusalText(said.refused))
      if (!('answers' in said) || said.answers.length !== sent.length) {
        throw new ProtocolError('bad-answer', 'it answers to other shares than those it was sent')
      }
      for (const [at, answer] of said.answers.entries()) {
        const about = { study, checkpoint, share: sent[at]! }
        products.push(openProducts(answer, about, { hospital: hospital.id, classes }))
      }
    }
    return products
  }

  async #dial({ peer, addresses }: PassHospital): Promise<void> {
    if (this.#host.connected(peer)) return
    const known = addresses.filter(one => this.#host.dialable(peer, one))
    if (known.length === 0) throw new ProtocolError('no-address', 'the pass has no address of it')
    await this.#host.dial(peer, known, AbortSignal.timeout(DIAL_MS))
  }

  async #ask({ peer }: PassHospital, message: PredictionMessage, withinMs: number): Promise<PredictionReply> {
    const signal = AbortSignal.timeout(withinMs)
    const channel = this.#host.channel(await this.#host.open(peer, PREDICTION_PROTOCOL, signal), peer)
    const answer = await ask(channel, encodePrediction(message), { bytesMax: REPLY_BYTES_MAX, signal })
    return decodePredictionReply(answer)
  }
}

/** Why a hospital has not answered, in words. */
export function whyNot(error: unknown): string {
  if (error instanceof ProtocolError) return error.message
  const unsupported = error instanceof Error && error.name === 'UnsupportedProtocolError'
  return unsupported ? 'it serves no predictions ([serve] predictions in its config.toml)' : dialErrorText(error)
}
