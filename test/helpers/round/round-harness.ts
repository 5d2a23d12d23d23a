/** A test harness of one peer's state machine, which makes its messages, well formed or not. @module */

import { commit } from '../../../crypto/commitment.ts'
import { sha256 } from '../../../crypto/hash.ts'
import { publicKeyOf } from '../../../crypto/key-agreement.ts'
import { genesisHash } from '../../../crypto/transcript.ts'
import { put } from '../../../protocols/immutable.ts'
import { encodeCommitValue } from '../../../protocols/messages/commit-value.ts'
import {
  type Body,
  type BodyOf,
  type Content,
  decodeEnvelope,
  encodeBody,
  is,
  type Message,
  openMessage,
  slotOf,
} from '../../../protocols/messages/messages.ts'
import { valueId } from '../../../protocols/messages/result-value.ts'
import { memberOf } from '../../../protocols/roster/roster.ts'
import { createContext, type StepContext } from '../../../protocols/round/context.ts'
import type { Effect } from '../../../protocols/round/effects.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'
import { proposerOf } from '../../../protocols/round/facts.ts'
import type { RoundState } from '../../../protocols/round/state.ts'
import { begin, step } from '../../../protocols/round/step.ts'
import { filledChunks, loadedDigest } from '../../../protocols/session/chunks.ts'
import { checkOpening, type Opening } from '../../../protocols/session/opening.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { firstHead } from '../../../protocols/transcript/head.ts'
import { type StudyChanges, testSigners, testStudy } from '../study/study.ts'

/** All envelopes of one session. */
export interface Session {
  readonly open: Uint8Array
  readonly opening: Opening
  readonly manifests: Uint8Array[]
  readonly loaded: Uint8Array[]
  /** the value that the first agreement would decide */
  readonly value: Uint8Array
}

export class RoundHarness {
  readonly document: StudyDocument
  readonly contexts: StepContext[]
  readonly genesis: Uint8Array
  /** the peer whose machine is on the bench; not the proposer of view 0, unless a test asks for it */
  readonly self: number
  state: RoundState
  effects: Effect[]

  constructor(hospitals: number, changes: StudyChanges = {}, self?: number) {
    const signers = testSigners(hospitals)
    this.document = testStudy(signers, changes)
    this.contexts = signers.map(signer => createContext({ document: this.document, signer }))
    this.genesis = genesisHash(this.contexts[0]!.study)
    this.self = self ?? (this.proposer(0) + 1) % hospitals
    const begun = begin({ head: firstHead(this.context), charges: [], recall: false }, this.context)
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

  /** An envelope signed by a member. */
  wire(from: number, content: Content, header: Partial<Body> = {}): Uint8Array {
    const { study } = this.contexts[from] as StepContext
    const body = { study, roster: 0, round: 1, ...content, ...header } as Body
    return (this.contexts[from] as StepContext).seal(encodeBody(body))
  }

  message(from: number, content: Content, header: Partial<Body> = {}): Message {
    return openMessage(this.wire(from, content, header), this.context)
  }

  /** Delivers a member's message. @returns the codes that the member is blamed for */
  say(from: number, content: Content, header: Partial<Body> = {}): string[] {
    return this.hear(this.wire(from, content, header))
  }

  hear(wire: Uint8Array): string[] {
    const message = openMessage(wire, this.context)
    // our own message that the log does not have would silence us, so it is added to the log
    const inside = message.body.type === 'open' ? message.body.readys.flatMap(ready => this.#own(ready)) : []
    for (const one of [message, ...inside]) {
      if (one.from === this.self) this.state = { ...this.state, own: put(this.state.own, slotOf(one), one.bytes) }
    }
    const effects = this.step({ type: 'received', message })
    return effects.flatMap(effect => (effect.type === 'blame' ? [`${effect.member} ${effect.code}`] : []))
  }

  #own(wire: Uint8Array): Message[] {
    const { signer } = decodeEnvelope(wire)
    return memberOf(this.context.roster, signer) === this.self ? [openMessage(wire, this.context)] : []
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

  /** A complete data phase of view 0, with the messages of all its members. */
  session(members: readonly number[], name = ''): Session {
    const open = this.wire(this.proposer(0), this.open(members))
    const message = openMessage(open, this.context) as Message<BodyOf<'open'>>
    const opening = checkOpening(message, this.context, this.genesis)
    const { sid } = opening
    const manifests = members.map(member => {
      const root = sha256(Buffer.from(`root ${name} ${member}`))
      return this.wire(member, { type: 'manifest', view: 0, sid, root, commitment: commit(this.selfKey(member)) })
    })
    const hashOf = (wire: Uint8Array) => openMessage(wire, this.context).hash
    const hashes = manifests.map(hashOf)
    const digest = loadedDigest(sid, hashes)
    const loaded = filledChunks(opening).map(({ index }) =>
      this.wire(members[index] as number, { type: 'loaded', view: 0, sid, chunk: index, digest }),
    )
    const content = { view: 0, open: opening.hash, manifests: hashes, loaded: loaded.map(hashOf) }
    return { open, opening, manifests, loaded, value: encodeCommitValue(content) }
  }

  selfKey(member: number): Uint8Array {
    return sha256(Buffer.from(`self key ${member}`))
  }

  precommits(value: Uint8Array, from: readonly number[]): Uint8Array[] {
    const vote = { type: 'precommit', instance: 'commit', view: 0, value: valueId(value) } as const
    return from.map(member => this.wire(member, vote))
  }

  /** The messages of one type that the machine published in the last step. */
  published<T extends Body['type']>(type: T): BodyOf<T>[] {
    return this.effects.flatMap(effect => {
      const message = effect.type === 'publish' ? openMessage(effect.bytes, this.context) : undefined
      return message !== undefined && is(message, type) ? [message.body as BodyOf<T>] : []
    })
  }
}
