/**
 * A record of all messages of a world, by signer, in which checkers count votes. It takes honest hospitals' messages
 * when they publish them, and liars' messages whenever a packet leaves, because they may send each hospital another.
 *
 * @module
 */

import { sessionId } from '../../crypto/transcript.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import { decodeCommitValue } from '../../protocols/messages/commit-value.ts'
import type { Instance } from '../../protocols/messages/limits.ts'
import { type BodyOf, is, type Message, openMessage } from '../../protocols/messages/messages.ts'
import { valueId } from '../../protocols/messages/result-value.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import { decodeFill } from '../../protocols/sync/anti-entropy.ts'
import type { WorldApi } from '../world/api.ts'
import { contextOf, type SimulatedHospital } from '../world/hospital.ts'
import type { Packet } from '../world/packet.ts'
import { quorumSizes } from './quorum.ts'

/** One agreement of one round, under one roster. */
export interface Ballot {
  readonly roster: number
  readonly round: number
  readonly instance: Instance
}

type OpenMessage = Message<BodyOf<'open'>>

const ledgers = new WeakMap<WorldApi, Ledger>()

/** The ledger of a world; each has one. */
export function ledgerOf(world: WorldApi): Ledger {
  let ledger = ledgers.get(world)
  if (ledger === undefined) {
    ledger = new Ledger(world)
    ledgers.set(world, ledger)
  }
  return ledger
}

export class Ledger {
  readonly #world: WorldApi
  /** by roster version */
  readonly #contexts = new Map<number, StepContext>()
  readonly #seen = new WeakSet<Uint8Array>()
  /** voters, by ballot, phase, view and hex id of the value */
  readonly #votes = new Map<string, Set<number>>()
  readonly #decided = new Map<string, Set<string>>()
  /** proposed values, by hex id */
  readonly #values = new Map<string, Uint8Array>()
  /** OPENs by hex hash */
  readonly #opens = new Map<string, OpenMessage>()

  constructor(world: WorldApi) {
    this.#world = world
  }

  /** Opens an envelope under the roster that it was signed under; undefined if no hospital would accept it. */
  open(hospital: SimulatedHospital, bytes: Uint8Array): Message | undefined {
    const context = contextOf(hospital)
    this.#contexts.set(context.roster.version, context)
    const message = this.#world.router.tryOpen(hospital, bytes)
    if (message !== undefined || this.#contexts.size === 1) return message
    // effects that end a round are carried out when the next one has begun
    for (const older of this.#contexts.values()) {
      try {
        return openMessage(bytes, older)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
      }
    }
    return undefined
  }

  /** Takes a message that an honest hospital publishes. */
  hear(hospital: SimulatedHospital, effect: Effect): void {
    if (effect.type === 'publish') this.#take(hospital, effect.bytes)
  }

  /** Takes the messages in a liar's packet. */
  overhear(from: SimulatedHospital, packet: Packet): void {
    if (from.honest) return
    if (packet.kind === 'gossip') this.#take(from, packet.bytes)
    else if (packet.kind === 'fill' || packet.kind === 'push') {
      for (const bytes of messagesOf(packet.bytes)) this.#take(from, bytes)
    }
  }

  #take(hospital: SimulatedHospital, bytes: Uint8Array): void {
    if (this.#seen.has(bytes)) return
    this.#seen.add(bytes)
    const message = this.open(hospital, bytes)
    if (message === undefined) return
    if (is(message, 'prevote') || is(message, 'precommit')) this.#count(message)
    else if (is(message, 'open')) this.#opens.set(hex(message.hash), message)
    else if (is(message, 'propose')) {
      this.#values.set(hex(valueId(message.body.value)), message.body.value)
      for (const vote of message.body.proof) this.#take(hospital, vote)
    } else if (is(message, 'certificate')) {
      this.#values.set(hex(valueId(message.body.value)), message.body.value)
      for (const vote of message.body.precommits) this.#take(hospital, vote)
    }
  }

  #count({ from, body }: Message): void {
    if ((body.type !== 'prevote' && body.type !== 'precommit') || body.value === null) return
    const id = hex(body.value)
    const key = `${keyOf(body)}/${body.type}/${body.view}/${id}`
    const voters = (this.#votes.get(key) ?? new Set<number>()).add(from)
    this.#votes.set(key, voters)
    if (body.type === 'prevote' || voters.size < this.#quorumOf(body.roster)) return
    this.#decided.set(keyOf(body), (this.#decided.get(keyOf(body)) ?? new Set()).add(id))
  }

  /** True when a quorum prevoted a value in one view. */
  prevoted(ballot: Ballot, view: number, id: string): boolean {
    const votes = this.#votes.get(`${keyOf(ballot)}/prevote/${view}/${id}`)?.size ?? 0
    return votes >= this.#quorumOf(ballot.roster)
  }

  /** Values that a quorum precommitted in any view; at most one if the protocol is correct. */
  decided(ballot: Ballot): string[] {
    return [...(this.#decided.get(keyOf(ballot)) ?? [])]
  }

  /** Sessions whose self keys a quorum has decided to release; at most one a round if the protocol is correct. */
  sessions({ roster, round }: Omit<Ballot, 'instance'>): { readonly sid: Uint8Array; readonly open: OpenMessage }[] {
    const { study } = this.#world.hospitals[0]!.context
    return this.decided({ roster, round, instance: 'commit' }).flatMap(id => {
      const bytes = this.#values.get(id)
      const value = bytes && decodeCommitValue(bytes)
      const open = value && this.#opens.get(hex(value.open))
      return value && open ? [{ open, sid: sessionId({ study, round, view: value.view, open: value.open }) }] : []
    })
  }

  value(id: string): Uint8Array | undefined {
    return this.#values.get(id)
  }

  #quorumOf(version: number): number {
    const { document } = this.#world
    const hospitals = this.#contexts.get(version)?.roster.hospitals.length ?? document.hospitals.length
    return quorumSizes(document, hospitals).quorum
  }
}

/** The messages of an answer; none if a liar's answer does not decode. */
function messagesOf(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    return decodeFill(bytes).messages
  } catch (error) {
    if (error instanceof ProtocolError) return []
    throw error
  }
}

function keyOf({ roster, round, instance }: Ballot): string {
  return `${roster}/${round}/${instance}`
}
