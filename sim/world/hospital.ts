/** One hospital of a simulated world: a process, its disk, and what a checker may want to know of both. @module */

import type { Envelope } from '../../crypto/envelope.ts'
import type { Rng } from '../../crypto/rng.ts'
import type { Signer } from '../../crypto/signature.ts'
import { hex } from '../../protocols/immutable.ts'
import type { Message } from '../../protocols/messages/messages.ts'
import { checkpointHash, encodeCheckpoint, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { type Member, peerString, type Roster } from '../../protocols/roster/roster.ts'
import { catchingUp } from '../../protocols/round/catch-up.ts'
import { contextAt, createContext, type StepContext } from '../../protocols/round/context.ts'
import type { Notice } from '../../protocols/round/effects.ts'
import type { RoundState } from '../../protocols/round/state.ts'
import { begin } from '../../protocols/round/step.ts'
import { createRunner } from '../../protocols/secure-sum/job-runner.ts'
import type { RoundJob, RoundOutput } from '../../protocols/secure-sum/jobs.ts'
import type { Vault } from '../../protocols/secure-sum/vault.ts'
import { affordableRounds } from '../../protocols/study/epsilons.ts'
import { NO_NOISE } from '../../protocols/study/noise/off.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { standingAfter } from '../../protocols/transcript/head.ts'
import type { KeyExchange } from './key-exchange.ts'
import { MemoryDisk } from './memory-disk.ts'
import { MemoryVault } from './memory-vault.ts'
import type { Packet } from './packet.ts'

/** A masked chunk whose session is not known here yet. */
export interface EarlyChunk {
  readonly from: SimulatedHospital
  readonly packet: Extract<Packet, { kind: 'chunk' }>
  /** virtual time after which nobody waits for it any more */
  readonly until: number
}

export interface Blame {
  /** rank in the blaming hospital's roster */
  readonly member: Member
  readonly peer: string
  readonly code: string
}

export interface SimulatedHospital {
  /** place in `World.hospitals`; stays, whatever the roster does */
  readonly index: number
  /** the same number, for studies whose roster never changes: there it is the rank as well */
  readonly member: Member
  readonly peer: string
  readonly signer: Signer
  readonly honest: boolean
  readonly context: StepContext
  readonly disk: MemoryDisk
  readonly vault: MemoryVault
  readonly run: (job: RoundJob) => RoundOutput
  /** undefined until its first start */
  state: RoundState
  alive: boolean
  /** grows with every crash: what a process had begun ends with it */
  epoch: number
  /** chunks of sessions that are not known here yet */
  early: EarlyChunk[]
  /** gossip that this process has seen */
  readonly seen: Set<Message>
  readonly notices: Notice[]
  readonly blames: Blame[]
  readonly published: Uint8Array[]
}

/** The one place that says which roster a hospital goes by: ranks in its effects and messages are ranks in this one. */
export function rosterOf({ state, context }: SimulatedHospital): Roster {
  // a hospital that has never been started has no state
  return state?.roster ?? context.founding
}

/** What a hospital opens messages with, under the roster that it goes by. */
export function contextOf(hospital: SimulatedHospital): StepContext {
  return contextAt(hospital.context, rosterOf(hospital))
}

export interface HospitalInit {
  readonly index: number
  readonly document: StudyDocument
  readonly signer: Signer
  readonly rng: Rng
  readonly verify: ((envelope: Envelope) => boolean) | undefined
  readonly epsilonMax: number | undefined
  /** false when a script plays it */
  readonly honest: boolean
  readonly exchange: KeyExchange
}

/** Builds a hospital that has never been started. */
export function createHospital(init: HospitalInit): SimulatedHospital {
  const { index, document, signer, rng, verify, epsilonMax, honest, exchange } = init
  const context = createContext({
    document,
    signer,
    ...(verify !== undefined && { verify }),
    chargesMax: affordableRounds(document, epsilonMax),
  })
  const vault = new MemoryVault({ initial: initialCheckpoint(document), rng })
  return {
    index,
    member: index,
    peer: peerString(signer.id),
    signer,
    honest,
    context,
    vault,
    run: createRunner(vault, { document, rng, agree: exchange.agree }),
    disk: new MemoryDisk({ strict: honest }),
    state: undefined as unknown as RoundState,
    alive: false,
    epoch: 0,
    early: [],
    seen: new Set(),
    notices: [],
    blames: [],
    published: [],
  }
}

/** Takes the study up where the disk left it. */
export function takeUp({ disk, vault, context }: SimulatedHospital): ReturnType<typeof begin> {
  const standing = standingAfter(disk.links, context)
  const { head } = standing
  const forgetful = disk.restored
  const own = disk.own.get(head.round) ?? new Map()
  const { awaited, head: before } = catchingUp(standing)
  const lacked = awaited?.checkpoint !== hex(checkpointHash(encodeCheckpoint(vault.current())))
  if (awaited !== undefined && lacked && head.roster.ranks.has(context.peer)) {
    return begin({ head: before, awaited, charges: disk.charges, recall: true, forgetful }, context)
  }
  return begin({ head, charges: disk.charges, own, recall: true, forgetful }, context)
}

/**
 * What a hospital has committed to in a session: its masked vector without the masks, noise included. The masks are
 * what the same job gives for a vector of zeros without noise.
 */
export function committedInput(
  { vault }: SimulatedHospital,
  job: Extract<RoundJob, { kind: 'mask' }>,
  { document, exchange }: { document: StudyDocument; exchange: KeyExchange },
): Int32Array {
  const masked = vault.masked(job.round, hex(job.session.sid)) as Uint32Array
  let masks: Uint32Array = new Uint32Array(0)
  const probe: Vault = {
    secrets: round => vault.secrets(round),
    update: () => new Int32Array(masked.length),
    masked: () => undefined,
    putMasked: (_round, _sid, words) => {
      masks = words
    },
    part: () => undefined,
    sum: () => undefined,
    putSum: () => {},
    current: () => vault.current(),
    putCheckpoint: () => {},
  }
  const privacy = { ...document.privacy, ...NO_NOISE }
  createRunner(probe, { document: { ...document, privacy }, rng: () => {}, agree: exchange.agree })(job)
  return Int32Array.from(masked, (word, at) => word - (masks[at] as number))
}

/** The honest hospital that has certified most rounds: it goes by the newest roster. */
export function newestOf({ hospitals }: { readonly hospitals: readonly SimulatedHospital[] }): SimulatedHospital {
  const honest = hospitals.filter(hospital => hospital.honest)
  return honest.reduce((one, other) => (other.disk.links.length > one.disk.links.length ? other : one))
}
