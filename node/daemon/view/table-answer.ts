/** What the interface shows of a study's table. @module */

import { OperatorError } from '../../errors.ts'
import { readCheckpointOf } from '../../storage/newest-checkpoint.ts'
import type { VerifiedStudy } from '../../storage/study-file.ts'
import { tableFigures } from '../../study/table-figures.ts'
import { TABLE_INTERVALS, tableLines } from '../../study/table-text.ts'

/** The result of a study that counts a table, line by line; none before there is one, and of other studies. */
export async function tableResult(
  folder: string,
  { study, document }: Pick<VerifiedStudy, 'study' | 'document'>,
): Promise<string[]> {
  if (document.table === undefined) return []
  try {
    const { checkpoint } = await readCheckpointOf(folder, { study, document })
    const figures = tableFigures(document, checkpoint)
    return figures === null
      ? []
      : [...tableLines(figures).map(line => line.trim().replaceAll(/ {2,}/g, ' ')), TABLE_INTERVALS]
  } catch (error) {
    // the command says what is wrong with a checkpoint
    if (error instanceof OperatorError) return []
    throw error
  }
}
