/**
 * Proposed studies of the running node: sends this hospital's proposals to contacts of their roster, keeps those of
 * contacts, and exchanges answers with everybody of the roster who is a contact.
 *
 * @module
 */

import { printable } from '../../protocols/encoding/printable.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import { decodeChange, describeChange, encodeChange } from '../../protocols/roster/change.ts'
import type { Clock } from '../clock.ts'
import { OperatorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { ask, reply } from '../network/request-reply.ts'
import { openStudy } from '../storage/study-file.ts'
import { readAnswer } from './answer.ts'
import type { Contact } from './book.ts'
import type { ContactHost } from './host.ts'
import { LookLoop } from './look-loop.ts'
import {
  addAnswers,
  addChanges,
  proposalsWritten,
  readProposal,
  readProposals,
  rosterOf,
  type StudyProposal,
  storeProposal,
} from './proposal-folder.ts'
import {
  CHANGES_OF_ONE_MAX,
  decodeProposalReply,
  decodeProposalRequest,
  encodeProposal,
  PROPOSAL_BYTES_MAX,
  type ProposalReply,
  type ProposalRequest,
} from './proposal-message.ts'
import { Schedule } from './schedule.ts'

export const PROPOSAL_PROTOCOL = '/confrere/proposal/1.0.0'
const EXCHANGE_MS = 60_000
/** While somebody has not answered. */
const ASK_MS = 30_000
/** When all have: a later change of mind is heard of from who has it. */
const COMPLETE_MS = 10 * 60_000
const RETRY_MS = { min: 2000, max: 10 * 60_000 }

export interface ProposalParts {
  readonly folder: string
  /** base58btc PeerId of this node */
  readonly peer: string
  readonly contacts: () => readonly Contact[]
  /** ms since 1970 */
  readonly now: () => number
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export class ProposalService {
  readonly #parts: ProposalParts
  readonly #due: Schedule
  readonly #stopped = new AbortController()
  #proposals: StudyProposal[] = []
  #written = 0
  #host: ContactHost | undefined
  readonly #loop: LookLoop

  constructor(parts: ProposalParts) {
    this.#parts = parts
    this.#due = new Schedule(parts.clock, RETRY_MS)
    this.#loop = new LookLoop(parts.clock, () =>
      this.#look().catch(error => parts.log.warn({ err: error }, 'proposals')),
    )
  }

  /** All proposals, with what is known of everybody's answers. */
  list(): readonly StudyProposal[] {
    return this.#proposals
  }

  async start(host: ContactHost): Promise<void> {
    this.#host = host
    await this.#read()
    await host.handle(PROPOSAL_PROTOCOL, async (stream, peer) => {
      const answer = async (bytes: Uint8Array) => encodeProposal(await this.#answer(peer, decodeProposalRequest(bytes)))
      // what a contact does wrong here ends its own stream
      await reply(host.channel(stream, peer), answer, { bytesMax: PROPOSAL_BYTES_MAX, withinMs: EXCHANGE_MS }).catch(
        () => {},
      )
    })
    this.#loop.start()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#loop.stop()
  }

  /** Does what is due: reads what the commands wrote, and asks contacts. */
  async look(): Promise<void> {
    await this.#loop.look()
  }

  async #look(): Promise<void> {
    await this.#read()
    const contacts = new Map(this.#parts.contacts().map(contact => [contact.peer, contact]))
    const exchanges = this.#proposals.flatMap(proposal =>
      rosterOf(proposal.study).flatMap(peer => {
        const contact = contacts.get(peer)
        return contact === undefined ? [] : [{ proposal, contact }]
      }),
    )
    await Promise.all(
      exchanges.map(({ proposal, contact }) =>
        this.#due.run(`${proposal.study.study} ${contact.peer}`, () => this.#exchange(proposal, contact)),
      ),
    )
  }

  async #read(): Promise<void> {
    const written = await proposalsWritten(this.#parts.folder)
    if (written === this.#written) return
    const before = answeredOf(this.#proposals)
    this.#proposals = await readProposals(this.#parts.folder)
    this.#written = written
    if (answeredOf(this.#proposals) !== before) this.#due.clear()
  }

  /** Answers a contact: takes its proposal and the answers that it knows, and says what is known here. */
  async #answer(peer: string, { study, answers, changes, file }: ProposalRequest): Promise<ProposalReply> {
    const { folder, contacts } = this.#parts
    const id = hex(study)
    if (!contacts().some(contact => contact.peer === peer))
      return { known: false, answers: [], refused: 'not a contact' }
    let refused: string | undefined
    if (file !== undefined) refused = await this.#take(peer, id, file)
    const known = await readProposal(folder, id)
    if (known === undefined) return { known: false, answers: [], ...(refused !== undefined && { refused }) }
    if (!rosterOf(known.study).includes(peer)) return { known: false, answers: [] }
    await this.#hear(peer, id, { answers, changes })
    await this.#read()
    return { known: true, ...this.#told((await readProposal(folder, id)) ?? known) }
  }

  /** What others are told of a proposal: all answers, and the changes that this hospital proposes. */
  #told({ answers, changes }: StudyProposal): Required<Pick<ProposalReply, 'answers' | 'changes'>> {
    const own = changes.filter(({ from, state }) => from === this.#parts.peer && state === 'proposed')
    return {
      answers: [...answers.values()].map(({ bytes }) => bytes),
      changes: own.map(({ bytes }) => bytes).slice(0, CHANGES_OF_ONE_MAX),
    }
  }

  async #hear(from: string, study: string, heard: Pick<ProposalReply, 'answers' | 'changes'>): Promise<void> {
    const { folder, log } = this.#parts
    await addAnswers(folder, study, heard.answers.map(readAnswer))
    const changes = (heard.changes ?? []).map(bytes => encodeChange(decodeChange(bytes)))
    for (const bytes of await addChanges(folder, study, { from, changes })) {
      const change = describeChange(decodeChange(bytes))
      log.info({ study, from, change }, 'a change of the roster was proposed: "confrere roster show" lists it')
    }
  }

  /** @returns why the proposal is not taken */
  async #take(from: string, id: string, bytes: Uint8Array): Promise<string | undefined> {
    const { folder, peer: self, now, log } = this.#parts
    try {
      const file = openStudy(bytes, 'The proposed study')
      const peers = rosterOf(file)
      if (file.study !== id) return 'it is another study than it says'
      if (!peers.includes(self)) return 'its roster does not have this hospital'
      if (!peers.includes(from)) return 'its roster does not have the hospital that proposes it'
      await storeProposal(folder, file, { from, self, now: now() })
      log.info({ study: id, from, name: file.document.name }, 'a study was proposed: "confrere study list" shows it')
      return undefined
    } catch (error) {
      if (!(error instanceof OperatorError || error instanceof ProtocolError)) throw error
      return printable(error.message)
    }
  }

  async #exchange(proposal: StudyProposal, contact: Contact): Promise<number> {
    const { folder, log } = this.#parts
    const { study, bytes } = proposal.study
    const request = { study: new Uint8Array(Buffer.from(study, 'hex')), ...this.#told(proposal) }
    let heard = await this.#ask(contact, request)
    if (!heard.known && proposal.sends) heard = await this.#ask(contact, { ...request, file: bytes })
    if (heard.refused !== undefined) {
      log.warn({ study, peer: contact.peer, reason: printable(heard.refused) }, 'a contact does not take the proposal')
      throw new ProtocolError('proposal-refused', heard.refused, { action: 'ignore' })
    }
    await this.#hear(contact.peer, study, heard)
    const answered = (await readProposal(folder, study))?.answers.size ?? 0
    return answered === proposal.study.document.hospitals.length ? COMPLETE_MS : ASK_MS
  }

  async #ask({ peer, addresses }: Contact, request: ProposalRequest): Promise<ProposalReply> {
    const host = this.#host!
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(EXCHANGE_MS)])
    if (!host.connected(peer)) {
      await host.dial(
        peer,
        addresses.filter(one => host.dialable(peer, one)),
        signal,
      )
    }
    const channel = host.channel(await host.open(peer, PROPOSAL_PROTOCOL, signal), peer)
    return decodeProposalReply(await ask(channel, encodeProposal(request), { bytesMax: PROPOSAL_BYTES_MAX, signal }))
  }
}

/** Which answers and changes are known, to see whether others have to be told. */
function answeredOf(proposals: readonly StudyProposal[]): string {
  const answers = proposals.flatMap(one => [...one.answers.values()].map(({ peer, number }) => `${peer} ${number}`))
  const changes = proposals.flatMap(one => one.changes.map(({ bytes, state }) => `${hex(bytes)} ${state}`))
  return [...proposals.map(({ study }) => study.study), ...answers, ...changes].join('\n')
}
