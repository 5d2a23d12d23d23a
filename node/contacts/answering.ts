/** This hospital's answer to a study that was proposed to it: signed and kept; the running node tells the others. @module */

import type { Identity } from '../storage/identity.ts'
import { signAnswer } from './answer.ts'
import { addAnswers, readProposal } from './proposal-folder.ts'

/** Answers a study, where it was proposed; an answer that is the same as before is not given again. */
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
