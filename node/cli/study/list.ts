/** `confrere study list`: all studies of this node, and who has approved the proposed ones. @module */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { readProposals, type StudyProposal } from '../../contacts/proposal-folder.ts'
import { ledgerPath, readLedgerFile } from '../../privacy/ledger-file.ts'
import { placeText, studyPlace } from '../../privacy/study-place.ts'
import { approvedStudies } from '../../storage/approved-studies.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { loadIdentity, peerIdString } from '../../storage/identity.ts'
import { studyFolder } from '../../storage/round-files.ts'
import type { VerifiedStudy } from '../../storage/study-file.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

type StudyState = 'proposed' | 'refused' | 'approved' | 'finished'

export function addStudyList(command: Command): void {
  addJsonOption(addDataOption(command)).action(listStudies)
}

async function listStudies({ data, json }: { data: string; json?: true }): Promise<void> {
  await requireDataFolder(data)
  const { peer } = await loadIdentity(data)
  const approved = await approvedStudies(data)
  const proposals = await readProposals(data)
  const { population } = (await readConfig(data)).privacy
  const { ledger } = await readLedgerFile(ledgerPath(data), { everyEpsilon: false })
  const all = new Map([...proposals.map(({ study }) => study), ...approved].map(one => [one.study, one]))
  const rows = await Promise.all(
    [...all.values()].map(async study => {
      const proposal = proposals.find(one => one.study.study === study.study)
      const isApproved = approved.some(one => one.study === study.study)
      return {
        study: study.study,
        name: study.document.name,
        founder: study.founder,
        onThesePatients: studyPlace(ledger, { study: study.study, population }).number,
        ...(await rowOf(study, { data, peer, proposal, isApproved })),
      }
    }),
  )
  if (json) return printJson({ studies: rows })
  if (rows.length === 0)
    return printLines('No studies: write one with "confrere study new", or wait until a contact proposes one.')
  printLines(
    ...rows.flatMap(({ study, name, state, said, onThesePatients }) => [
      `${study.slice(0, 12)}  ${state}  ${name}, ${placeText({ number: onThesePatients })}`,
      ...(said === null ? [] : [`  ${said}`]),
    ]),
  )
}

async function rowOf(
  study: VerifiedStudy,
  {
    data,
    peer,
    proposal,
    isApproved,
  }: { data: string; peer: string; proposal: StudyProposal | undefined; isApproved: boolean },
) {
  const refused = proposal?.answers.get(peer)?.approves === false
  const state: StudyState = isApproved
    ? (await isFinished(data, study))
      ? 'finished'
      : 'approved'
    : refused
      ? 'refused'
      : 'proposed'
  if (proposal === undefined) return { state, from: null, answers: null, said: null }
  const answers = study.document.hospitals.map(({ id, name }) => {
    const answer = proposal.answers.get(peerIdString(id))
    return {
      peer: peerIdString(id),
      name,
      answer: answer === undefined ? null : answer.approves ? 'approved' : 'refused',
    }
  })
  return { state, from: proposal.from, answers, said: answersText(answers) }
}

/** Such as: approved by A, B; refused by C; D has not answered. */
function answersText(answers: readonly { readonly name: string; readonly answer: string | null }[]): string {
  const named = (wanted: string | null) => answers.filter(({ answer }) => answer === wanted).map(({ name }) => name)
  const [yes, no, open] = [named('approved'), named('refused'), named(null)]
  return [
    ...(yes.length === 0 ? [] : [`approved by ${yes.join(', ')}`]),
    ...(no.length === 0 ? [] : [`refused by ${no.join(', ')}`]),
    ...(open.length === 0 ? [] : [`${open.join(', ')} ${open.length === 1 ? 'has' : 'have'} not answered`]),
  ].join('; ')
}

/** Whether the newest checkpoint is that of the last round. */
async function isFinished(data: string, { study, document }: VerifiedStudy): Promise<boolean> {
  const text = await readFile(join(studyFolder(data, study), 'checkpoints', 'newest.json'), 'utf8').catch(() => '{}')
  const last = document.schedule.reduce((sum, { rounds }) => sum + rounds, 0)
  try {
    return (JSON.parse(text) as { round?: number }).round === last
  } catch {
    return false
  }
}
