/** What an operator does through the interface: the same as the commands do, on the folder of the running node. @module */

import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import { decodeChange } from '../../../protocols/roster/change.ts'
import { answerProposal } from '../../contacts/answering.ts'
import type { ContactService } from '../../contacts/contact-service.ts'
import { invite, revokeInvitation } from '../../contacts/invite.ts'
import { markChange } from '../../contacts/proposal-folder.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import type { NodeActions } from '../../http/api/view.ts'
import type { LogLevel } from '../../log.ts'
import { markStudy } from '../../storage/approved-studies.ts'
import { storeApproval } from '../../storage/pending-change.ts'
import { approveWithDataset } from '../approval.ts'
import type { NodeShared } from '../running-study.ts'
import type { Studies } from '../studies.ts'
import { isProposed, type KnownStudy, pendingChanges } from './study-answers.ts'

export interface ActionParts {
  readonly shared: NodeShared
  readonly studies: Studies
  readonly contacts: ContactService
  readonly logLevel: { set(level: LogLevel): void }
  readonly random: (bytes: number) => Uint8Array
  readonly known: (id: string) => KnownStudy | null
}

export function nodeActions({ shared, studies, contacts, logLevel, random, known }: ActionParts): NodeActions {
  const { folder, identity, host } = shared
  const nameOf = (peer: string): string => contacts.list().find(one => one.peer === peer)?.name ?? unknown('contact')
  const studyOf = (id: string): KnownStudy => known(id) ?? unknown('study')
  return {
    async approveContact(peer) {
      const name = nameOf(peer)
      await contacts.approve(peer)
      return { text: `Approved ${name}: it becomes a contact when its operator has approved this hospital too.` }
    },
    async refuseContact(peer) {
      const name = nameOf(peer)
      await contacts.refuse(peer)
      return { text: `Refused ${name}.` }
    },
    async createInvitation({ hours, note }) {
      const addresses = host.addresses()
      const made = await invite(folder, {
        peer: host.peer,
        addresses,
        hours,
        note: note ?? undefined,
        now: Date.now(),
        random,
      })
      await contacts.look()
      return { id: made.id, invitation: made.text, expires: new Date(made.expires).toISOString() }
    },
    async withdrawInvitation(id) {
      await revokeInvitation(folder, id)
      return { text: 'The invitation can no longer be used.' }
    },
    async approveStudy(id, dataset) {
      const { study } = studyOf(id)
      await approveWithDataset(study, { folder, config: await shared.freshConfig(), identity, dataset })
      await answerProposal(folder, id, { identity, approves: true })
      await studies.look()
      return { text: `Approved "${study.document.name}" with the data set ${dataset}: it starts now.` }
    },
    async refuseStudy(id) {
      const { study, proposal, entry } = studyOf(id)
      if (proposal === null || entry !== null)
        throw notNow(`"${study.document.name}" is approved here, or was not proposed`)
      await answerProposal(folder, id, { identity, approves: false })
      return { text: `Refused "${study.document.name}": the others are told.` }
    },
    async leaveStudy(id) {
      const { study, entry } = studyOf(id)
      if (entry === null) throw notNow(`"${study.document.name}" is not approved here`)
      await markStudy(folder, id, 'left')
      await studies.look()
      return { text: `Left "${study.document.name}". What was charged stays charged.` }
    },
    async approveChange(id, change) {
      const bytes = changeOf(studyOf(id), change)
      await storeApproval(folder, id, decodeChange(bytes))
      return { text: 'Approved the change of the roster: it holds when a quorum has approved it.' }
    },
    async refuseChange(id, change) {
      const study = studyOf(id)
      const bytes = changeOf(study, change)
      if (!isProposed(study, bytes))
        throw notNow('That change was not proposed to this hospital: without its approval nothing is to be refused')
      await markChange(folder, id, { bytes, state: 'refused' })
      return { text: 'Refused the change of the roster.' }
    },
    setLogLevel: level => logLevel.set(level),
  }
}

function changeOf(study: KnownStudy, change: string): Uint8Array {
  const found = pendingChanges(study).find(({ bytes }) => hex(sha256(bytes)) === change)
  return found?.bytes ?? unknown('change')
}

function unknown(what: string): never {
  throw new OperatorError(`unknown-${what}`, `This node knows no such ${what}`, {
    hint: 'It may be gone: look again.',
    exitCode: EXIT.usage,
  })
}

function notNow(message: string): OperatorError {
  return new OperatorError('not-now', message, { hint: 'Look at the study again.', exitCode: EXIT.usage })
}
