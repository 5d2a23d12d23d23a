/** One peer's state machine on a bench: what is said to it is made here, well formed or not. @module */

import { sha256 } from '../../crypto/hash.ts'
import { publicKeyOf } from '../../crypto/key-agreement.ts'
import { genesisHash } from '../../crypto/transcript.ts'
import type { Effect, RoundEvent, StepContext } from '../../protocols/ports.ts'
import { createContext } from '../../protocols/round/context.ts'
import { begin, step } from '../../protocols/round/machine.ts'
import { type Body, type Content, encodeBody, type Message, openMessage } from '../../protocols/round/messages.ts'
import { proposerOf } from '../../protocols/round/receive.ts'
import type { RoundState } from '../../protocols/round/state.ts'
import type { StudyDocument } from '../../protocols/study/document.ts'
import { testSigners, testStudy } from './study.ts'

export class Bench {
  readonly document: StudyDocument
  readonly contexts: StepContext[]
  readonly genesis: Uint8Array
  /** the peer whose machine is on the bench; never the proposer of view 0 */
  readonly self: number
  state: RoundState
  effects: Effect[]

  constructor(hospitals: number, changes: Partial<StudyDocument> = {}) {
    const signers = testSigners(hospitals)
    this.document = testStudy(signers, changes)
    this.contexts = signers.map(signer => createContext({ document: this.document, signer }))
    this.genesis = genesisHash(this.contexts[0]!.study)
    this.self = (this.proposer(0) + 1) % hospitals
    const begun = begin({ round: 1, previous: this.genesis, charges: 0 }, this.context)
    this.state = begun.state
    this.effects = begun.effects
  }

  get context(): StepContext {
    return this.contexts[this.self] as StepContext
  }

  proposer(view: number): number {
    return proposerOf(this.contexts[0] as StepContext, 1, view)
  }

  step(event: RoundEvent): Effect[] {
    const { state, effects } = step(this.state, event, this.context)
    this.state = state
    this.effects = effects
    return effects
  }

  /** An envelope as that member would sign it. */
  wire(from: number, content: Content, header: Partial<Body> = {}): Uint8Array {
    const { study } = this.contexts[from] as StepContext
    const body = { study, roster: 0, round: 1, ...content, ...header } as Body
    return (this.contexts[from] as StepContext).seal(encodeBody(body))
  }

  message(from: number, content: Content, header: Partial<Body> = {}): Message {
    return openMessage(this.wire(from, content, header), this.context)
  }

  /** Hands the machine a member's message; the codes that the member is blamed for. */
  say(from: number, content: Content, header: Partial<Body> = {}): string[] {
    return this.hear(this.wire(from, content, header))
  }

  hear(wire: Uint8Array): string[] {
    const effects = this.step({ type: 'received', message: openMessage(wire, this.context) })
    return effects.flatMap(effect => (effect.type === 'blame' ? [`${effect.member} ${effect.code}`] : []))
  }

  key(member: number): Uint8Array {
    return publicKeyOf(sha256(Buffer.from(`key ${member}`)))
  }

  ready(
    member: number,
    changes: Partial<Extract<Content, { type: 'ready' }>> = {},
  ): Extract<Content, { type: 'ready' }> {
    return { type: 'ready', previous: this.genesis, key: this.key(member), owner: true, ...changes }
  }

  open(
    members: readonly number[],
    changes: Partial<Extract<Content, { type: 'open' }>> = {},
  ): Extract<Content, { type: 'open' }> {
    const readys = members.map(member => this.wire(member, this.ready(member)))
    return { type: 'open', view: 0, readys, owners: [...members], ...changes }
  }
}
