/** Studies that commands name by a file or by the first digits of an id. @module */

import { access } from 'node:fs/promises'
import { EXIT, OperatorError } from '../errors.ts'
import { approvedStudies } from '../storage/approved-studies.ts'
import { readStudyFile, type VerifiedStudy } from '../storage/study-file.ts'
import { readProposals } from './proposal-folder.ts'

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
