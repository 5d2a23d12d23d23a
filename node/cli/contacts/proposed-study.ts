/** Studies that commands name by a file or by the first digits of an id, and answers to those that were proposed. @module */

import { access } from 'node:fs/promises'
import { signAnswer } from '../../contacts/answer.ts'
import { addAnswers, readProposal, readProposals } from '../../contacts/proposal-folder.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { approvedStudies } from '../../storage/approved-studies.ts'
import type { Identity } from '../../storage/identity.ts'
import { readStudyFile, type VerifiedStudy } from '../../storage/study-file.ts'

/**
 * The study of a file, or of the first digits of an id.
 *
 * @param data the data folder in which an id is looked for; without one the text is a file
 * @throws OperatorError `unknown-study`, `which-study` (exit code 2), or as `readStudyFile`
 */
export async function findStudy(text: string, data: string | undefined): Promise<VerifiedStudy> {
  const isId = /^[0-9a-f]{4,64}$/i.test(text)
  const isFile = await access(text).then(
    () => true,
    () => false,
  )
  if (isFile || !isId || data === undefined) return await readStudyFile(text)
  const proposed = (await readProposals(data)).map(({ study }) => study)
  const all = new Map([...proposed, ...(await approvedStudies(data))].map(one => [one.study, one]))
  const meant = [...all.values()].filter(({ study }) => study.startsWith(text.toLowerCase()))
  if (meant.length === 1) return meant[0] as VerifiedStudy
  throw new OperatorError(
    meant.length === 0 ? 'unknown-study' : 'which-study',
    meant.length === 0
      ? `No study of ${data} begins with ${text}, and no file is called so`
      : `${meant.length} studies begin with ${text}`,
    { hint: 'See their ids with "confrere study list".', exitCode: EXIT.usage },
  )
}

/** Signs and keeps this hospital's answer to a study, where it was proposed; the running node tells the others. */
export async function answerProposal(
  data: string,
  study: string,
  { identity, approves }: { identity: Identity; approves: boolean },
): Promise<void> {
  const known = await readProposal(data, study)
  if (known === undefined) return
  const before = known.answers.get(identity.peer)
  if (before?.approves === approves) return
  // a clock that was set back does not hide the new answer behind the old one
  const number = Math.max(Date.now(), (before?.number ?? 0) + 1)
  await addAnswers(data, study, [signAnswer(identity.signer, { study, approves, number })])
}
