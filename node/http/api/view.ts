/** What the HTTP interface asks of the node. The daemon implements it. @module */

import type { LogLevel } from '../../log.ts'
import type { PrivacyReport } from '../../privacy/report.ts'
import type { NodeStatus } from '../status.ts'
import type { DoneAnswer } from './actions.ts'
import type { ContactsAnswer, InvitationAnswer, NewInvitation, PeersAnswer } from './contacts.ts'
import type { DatasetsAnswer, EvidenceAnswer } from './data.ts'
import type { NodeAnswer, ReadyAnswer } from './node.ts'
import type { StudyRound } from './rounds.ts'
import type { RosterAnswer, StudiesAnswer, StudyDetail } from './studies.ts'

type Later<T> = T | Promise<T>

/**
 * What the node shows. Nothing in it is secret: no key, token or invitation's secret, no update, no loss that was not
 * charged, no id of a patient and no path of a file.
 */
export interface NodeFacts {
  /** false when only a restart helps */
  live(): boolean
  /** whether the node does what it should now, and if not, why: what each study that does not move waits for */
  ready(): ReadyAnswer
  node(): Later<Omit<NodeAnswer, 'lastEvent'>>
  contacts(): Later<ContactsAnswer>
  peers(): Later<PeersAnswer>
  studies(): Later<StudiesAnswer>
  /** @param id hex; @returns null when there is no such study here */
  study(id: string): Later<StudyDetail | null>
  /** finished rounds of a study, oldest first; null when there is no such study here */
  rounds(id: string): Later<readonly StudyRound[] | null>
  roster(id: string): Later<RosterAnswer | null>
  /** null while the node starts and has not opened its ledger */
  privacy(): Later<PrivacyReport | null>
  evidence(): Later<EvidenceAnswer>
  datasets(): Later<DatasetsAnswer>
  /** the only or newest study that runs, whose status and rounds are meant where none is named; null without any */
  mainStudy(): string | null
  /** one study seen whole; also without any study. null when there is no such study here. @param id null: `mainStudy` */
  status(id: string | null): NodeStatus | null
}

/**
 * What the operator can do. Each resolves when it is done and durable, with a sentence that says so.
 *
 * @throws OperatorError whose code begins with `unknown-` when there is nothing of that id (404); any other code when it
 * cannot be done now (409). Message and hint are shown as they are.
 */
export interface NodeActions {
  approveContact(peer: string): Promise<DoneAnswer>
  refuseContact(peer: string): Promise<DoneAnswer>
  createInvitation(wish: NewInvitation): Promise<InvitationAnswer>
  withdrawInvitation(id: string): Promise<DoneAnswer>
  approveStudy(id: string, dataset: string): Promise<DoneAnswer>
  refuseStudy(id: string): Promise<DoneAnswer>
  leaveStudy(id: string): Promise<DoneAnswer>
  approveChange(study: string, change: string): Promise<DoneAnswer>
  refuseChange(study: string, change: string): Promise<DoneAnswer>
  setLogLevel(level: LogLevel): void
}

export type NodeView = NodeFacts & NodeActions
