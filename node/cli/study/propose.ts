/** `confrere study propose`: sends a study to those of its hospitals that are contacts. @module */

import type { Command } from 'commander'
import { isContact } from '../../contacts/book.ts'
import { readBook } from '../../contacts/book-file.ts'
import { findStudy } from '../../contacts/find-study.ts'
import { storeProposal } from '../../contacts/proposal-folder.ts'
import { folderUnusable, requireDataFolder } from '../../storage/data-folder.ts'
import { loadIdentity, peerIdString } from '../../storage/identity.ts'
import { requireMember } from '../../storage/study-file.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'

export function addStudyPropose(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<file>', 'the study file, or the first digits of the id of a study of this node')
    .action(propose)
}

async function propose(file: string, { data, json }: { data: string; json?: true }): Promise<void> {
  await requireDataFolder(data)
  const identity = await loadIdentity(data)
  const study = await findStudy(file, data)
  actsOn(study.study)
  requireMember(study.document, identity.peer)
  const { peer } = identity
  await storeProposal(data, study, { from: peer, self: peer, now: Date.now() }).catch(error => {
    throw folderUnusable(data, error)
  })
  const book = await readBook(data)
  const contacts = new Set(book.contacts.filter(isContact).map(one => one.peer))
  const others = study.document.hospitals
    .map(({ id, name }) => ({ peer: peerIdString(id), name }))
    .filter(one => one.peer !== peer)
  const reached = others.filter(one => contacts.has(one.peer))
  const byHand = others.filter(one => !contacts.has(one.peer))
  if (json) return printJson({ study: study.study, to: reached, notContacts: byHand })
  const names = (list: typeof others): string => list.map(({ name }) => name).join(', ')
  printLines(
    `Proposed "${study.document.name}" (${study.study.slice(0, 12)})${reached.length === 0 ? '' : ` to ${names(reached)}`}: the running node sends it.`,
    ...(byHand.length === 0
      ? []
      : [`Not contacts: ${names(byHand)}. It is sent as soon as they are, or send the file by hand.`]),
    `This hospital approves it like the others: "confrere study approve ${study.study.slice(0, 12)} --data ${data}".`,
  )
}
