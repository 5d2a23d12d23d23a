/**
 * Bulk between simulated hospitals: masked chunks to their owners, and what is pulled by hash, checked as the daemon checks
 * it (`protocols/exchange/`). Only retries and waits are of packets here, where the daemon has streams.
 *
 * @module
 */

import { fromBytes, toBytes } from '../../crypto/ring.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { checkLength, judgePulled, PULL_RETRY_MS, type Pulled, pullRequestOf } from '../../protocols/exchange/pull.ts'
import {
  checkBytes,
  checkHeader,
  checkManifest,
  checkReceipt,
  isFarAhead,
  receiptDue,
  SESSION_WAIT_MS,
} from '../../protocols/exchange/upload.ts'
import { encodeReceipt } from '../../protocols/messages/receipt.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import { findPhase } from '../../protocols/round/data-phase.ts'
import type { Effect, Wanted } from '../../protocols/round/effects.ts'
import { saidBy } from '../../protocols/round/facts.ts'
import type { Opening } from '../../protocols/session/opening.ts'
import type { TransferApi, WorldApi } from './api.ts'
import { contextOf, type SimulatedHospital } from './hospital.ts'
import { MaskedChunks } from './masked-chunks.ts'
import type { Packet } from './packet.ts'

/** An upload without a receipt is made again: a packet may be lost, where the daemon's stream breaks. */
const RECEIPT_WAIT_MS = 4000
/** For one peer's answer: a packet, where `PULL_TIMEOUT_MS` of the daemon is for a stream. */
const PULL_PACKET_MS = 10_000

/** The answer of a peer that has nothing. */
const NOTHING = new Uint8Array(0)

type ChunkPacket = Extract<Packet, { kind: 'chunk' }>
type PulledPacket = Extract<Packet, { kind: 'pulled' }>
type Send = Extract<Effect, { type: 'send' }>
type Pull = Extract<Effect, { type: 'pull' }>

/** A pull under way: whom to ask next, and whom we wait for. */
interface Asking {
  readonly hospital: SimulatedHospital
  readonly epoch: number
  readonly pull: Pull
  readonly from: readonly SimulatedHospital[]
  next: number
  ticket: number
}

export class Transfer implements TransferApi {
  readonly #world: WorldApi
  readonly #chunks = new MaskedChunks()
  /** the proofs that came with other hospitals' masked chunks */
  readonly #paths = new WeakMap<Uint32Array, readonly Uint8Array[]>()
  /** uploads without a receipt */
  readonly #open = new Map<string, object>()
  readonly #asked = new Map<number, { readonly asking: Asking; readonly other: SimulatedHospital }>()
  #tickets = 0

  constructor(world: WorldApi) {
    this.#world = world
  }

  /** Sends one of our masked chunks to its owner, again and again, until there is a receipt or nobody to send it to. */
  upload(hospital: SimulatedHospital, effect: Send): void {
    const to = this.#world.hospitalAt(hospital, effect.to)
    if (to === undefined || hospital.state.round !== effect.round) return
    if (!this.#world.connections.has(hospital, to)) return
    const { round, sid, chunk } = effect
    const opening = findPhase(hospital.state, sid)?.opening
    const from = this.#world.rankOf(hospital, hospital) as number
    const manifest = opening && saidBy(hospital.state, { type: 'manifest', view: opening.view, from })
    const owners = opening?.owners.length ?? 0
    const masked = this.#chunks.of(hospital, { round, sid, owners, chunk })
    if (manifest === undefined || masked === undefined) return
    const key = `${hospital.index}/${to.index}/${sid}/${chunk}`
    const attempt = {}
    this.#open.set(key, attempt)
    const { words, path } = masked
    this.#world.network.send(hospital, to, { kind: 'chunk', round, sid, chunk, manifest: manifest.bytes, path, words })
    this.#world.later(hospital, RECEIPT_WAIT_MS, () => {
      if (this.#open.get(key) === attempt) this.upload(hospital, effect)
    })
  }

  /** Asks one after the other, again and again, until one has it or the round is over. */
  pull(hospital: SimulatedHospital, pull: Pull): void {
    const from = pull.from.flatMap(member => this.#world.hospitalAt(hospital, member) ?? [])
    this.#ask({ hospital, epoch: hospital.epoch, pull, from, next: 0, ticket: -1 })
  }

  /** A connection is gone: whatever was asked over it is asked of the next. */
  lost(hospital: SimulatedHospital, other: SimulatedHospital): void {
    for (const { asking, other: asked } of [...this.#asked.values()]) {
      if (asking.hospital === hospital && asked === other) this.#askNext(asking)
    }
  }

  take(hospital: SimulatedHospital, from: SimulatedHospital, packet: Packet): void {
    switch (packet.kind) {
      case 'chunk':
        return this.#takeChunk(hospital, from, packet)
      case 'receipt':
        return this.#takeReceipt(hospital, from, packet)
      case 'pull':
        return this.#serve(hospital, from, packet)
      case 'pulled':
        return this.#takePulled(hospital, from, packet)
    }
  }

  /** Chunks whose session has become known meanwhile. */
  takeEarly(hospital: SimulatedHospital): void {
    const { early } = hospital
    if (early.length === 0) return
    hospital.early = early.filter(({ until }) => until > this.#world.now)
    for (const entry of hospital.early) {
      const opening = findPhase(hospital.state, entry.packet.sid)?.opening
      if (opening === undefined) continue
      hospital.early = hospital.early.filter(other => other !== entry)
      try {
        return this.#keepChunk(hospital, entry, opening)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        this.#world.router.refuse(hospital, entry.from, error)
      }
    }
  }

  #takeChunk(hospital: SimulatedHospital, from: SimulatedHospital, packet: ChunkPacket): void {
    const member = this.#world.rankOf(hospital, from) as Member
    checkManifest(this.#world.router.open(hospital, packet.manifest), { from: member, sid: packet.sid })
    this.#world.router.take(hospital, from, packet.manifest)
    if (!hospital.alive || packet.round < hospital.state.round) return
    const entry = { from, packet, until: this.#world.now + SESSION_WAIT_MS }
    const opening = findPhase(hospital.state, packet.sid)?.opening
    if (opening === undefined) hospital.early.push(entry)
    else this.#keepChunk(hospital, entry, opening)
  }

  #keepChunk(
    hospital: SimulatedHospital,
    { from, packet }: { from: SimulatedHospital; packet: ChunkPacket },
    opening: Opening,
  ): void {
    const { round, sid, chunk: index, path, words } = packet
    if (isFarAhead(opening, hospital.state)) return
    const member = this.#world.rankOf(hospital, from) as Member
    const self = this.#world.rankOf(hospital, hospital) as Member
    checkHeader(opening, { self, from: member, index, length: words.byteLength })
    const manifest = checkManifest(this.#world.router.open(hospital, packet.manifest), { from: member, sid })
    const hash = checkBytes(opening, { manifest, index, bytes: toBytes(words), path })
    this.#paths.set(words, packet.path)
    hospital.vault.putPart(sid, index, member, words)
    const { epoch } = hospital
    this.#world.step(hospital, { type: 'chunk', round, sid, chunk: index, from: member })
    if (!hospital.alive || hospital.epoch !== epoch) return
    const receipt = this.#receipt(hospital, from, { opening, chunk: index, hash })
    if (receipt !== undefined)
      this.#world.network.send(hospital, from, { kind: 'receipt', round, sid, chunk: index, receipt })
  }

  #takeReceipt(
    hospital: SimulatedHospital,
    from: SimulatedHospital,
    { round, sid, chunk, receipt }: Extract<Packet, { kind: 'receipt' }>,
  ): void {
    const owners = findPhase(hospital.state, sid)?.opening.owners.length ?? 0
    const masked = this.#chunks.of(hospital, { round, sid, owners, chunk })
    const member = this.#world.rankOf(hospital, from)
    if (masked === undefined || member === undefined) return
    const contributor = hospital.signer.id
    const { hash } = masked
    checkReceipt(receipt, contextOf(hospital), {
      owner: member,
      sid: Buffer.from(sid, 'hex'),
      chunk,
      contributor,
      hash,
    })
    this.#open.delete(`${hospital.index}/${from.index}/${sid}/${chunk}`)
    this.#world.step(hospital, { type: 'receipt', round, sid, chunk, from: member, receipt })
  }

  /** A receipt, unless the owner has said already that it lacks what came: it must not contradict itself. */
  #receipt(
    hospital: SimulatedHospital,
    from: SimulatedHospital,
    { opening, chunk, hash }: { opening: Opening; chunk: number; hash: Uint8Array },
  ): Uint8Array | undefined {
    const { sid, sidHex } = opening
    const [self, member] = [this.#world.rankOf(hospital, hospital), this.#world.rankOf(hospital, from)] as [
      Member,
      Member,
    ]
    if (receiptDue(hospital.state, { sid: sidHex, index: chunk, self, from: member }) !== 'due') return undefined
    const { seal, study } = hospital.context
    return seal(encodeReceipt({ study, sid, chunk, contributor: from.signer.id, hash }))
  }

  #ask(asking: Asking): void {
    const { hospital, pull, from } = asking
    const { round, wanted } = pull
    if (!hospital.alive || hospital.epoch !== asking.epoch || hospital.state.round !== round) return
    const request = pullRequestOf(hospital.state, wanted)
    while (request !== undefined && asking.next < from.length) {
      const other = from[asking.next++] as SimulatedHospital
      if (!this.#world.connections.has(hospital, other)) continue
      const owners = request.kind === 'chunk' ? request.owners : 0
      const ticket = this.#tickets++
      asking.ticket = ticket
      this.#asked.set(ticket, { asking, other })
      this.#world.network.send(hospital, other, { kind: 'pull', round, wanted, owners, ticket })
      this.#world.later(hospital, PULL_PACKET_MS, () => {
        if (this.#asked.has(ticket)) this.#askNext(asking)
      })
      return
    }
    asking.next = 0
    this.#world.later(hospital, PULL_RETRY_MS, () => this.#ask(asking))
  }

  #askNext(asking: Asking): void {
    this.#asked.delete(asking.ticket)
    this.#ask(asking)
  }

  #serve(hospital: SimulatedHospital, from: SimulatedHospital, packet: Extract<Packet, { kind: 'pull' }>): void {
    const { wanted, round, owners, ticket } = packet
    let bytes: Uint8Array | undefined
    let path: readonly Uint8Array[] = []
    if (wanted.kind === 'chunk' && wanted.member !== this.#world.rankOf(hospital, hospital)) {
      const words = hospital.vault.part(wanted.sid, wanted.chunk, wanted.member)
      bytes = words && toBytes(words)
      path = (words && this.#paths.get(words)) ?? []
    } else if (wanted.kind === 'chunk') {
      const found = this.#chunks.of(hospital, { round, sid: wanted.sid, owners, chunk: wanted.chunk })
      if (found !== undefined) {
        bytes = toBytes(found.words)
        path = found.path
      }
    } else if (wanted.kind === 'sum') bytes = hospital.vault.sum(wanted.hash)
    else bytes = hospital.vault.checkpoints.get(wanted.hash)
    const served = this.#world.adversaryOf(hospital)?.serve?.(wanted, from, this.#world.effectRunner.ioOf(hospital))
    if (served !== undefined) bytes = served ?? undefined
    this.#world.network.send(hospital, from, { kind: 'pulled', round, wanted, bytes: bytes ?? null, path, ticket })
  }

  #takePulled(hospital: SimulatedHospital, from: SimulatedHospital, packet: PulledPacket): void {
    const asked = this.#asked.get(packet.ticket)
    if (asked === undefined || asked.asking.hospital !== hospital || asked.other !== from) return
    if (!this.#keep(hospital, from, packet, asked.asking.pull)) this.#askNext(asked.asking)
    else this.#asked.delete(packet.ticket)
  }

  /** Whether what came is what was asked for; what no honest peer gives is counted. */
  #isRight(
    hospital: SimulatedHospital,
    from: SimulatedHospital,
    { wanted, pulled }: { wanted: Wanted; pulled: Pulled },
  ): boolean {
    try {
      checkLength(pulled.bytes.length, wanted, hospital.context.dimension)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#world.router.refuse(hospital, from, error)
      return false
    }
    const member = this.#world.rankOf(hospital, from) as Member
    const verdict = judgePulled(hospital.state, wanted, pulled, member)
    if (verdict === 'wrong') this.#world.fault(hospital, from, `wrong bytes for a ${wanted.kind}`)
    return verdict === 'right'
  }

  /** False when what came is not what was asked for. */
  #keep(
    hospital: SimulatedHospital,
    from: SimulatedHospital,
    { bytes: given, path }: PulledPacket,
    { round, wanted }: Pull,
  ): boolean {
    const bytes = given ?? NOTHING
    if (!this.#isRight(hospital, from, { wanted, pulled: { bytes, path } })) return false
    if (wanted.kind !== 'chunk') {
      const { hash } = wanted
      if (wanted.kind === 'sum') hospital.vault.putSum(round, hash, bytes)
      else hospital.vault.putCheckpoint(hash, bytes)
      if (hospital.vault.staged && this.#world.effectRunner.crashes(hospital, 'written')) return true
      hospital.vault.sync()
      this.#world.step(hospital, { type: 'pulled', round, hash })
      return true
    }
    const { sid, chunk, member } = wanted
    const words = fromBytes(bytes)
    this.#paths.set(words, path)
    hospital.vault.putPart(sid, chunk, member, words)
    this.#world.step(hospital, { type: 'chunk', round, sid, chunk, from: member })
    return true
  }
}
