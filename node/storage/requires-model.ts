/** What studies without a model cannot do. @module */

import type { StudyDocument } from '../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../errors.ts'

/**
 * Refuses what needs a model, of a study that counts a table and trains none.
 *
 * @param what    that is asked for, as in "nothing to predict with"
 * @param document a study
 * @throws OperatorError `no-model-in-study`, exit code 2
 */
export function requireModel({ name, table }: Pick<StudyDocument, 'name' | 'table'>, what: string): void {
  if (table === undefined) return
  throw new OperatorError(
    'no-model-in-study',
    `"${name}" counts a table and trains no model: there is nothing to ${what}`,
    {
      hint: 'Its result is shown by "confrere study table". For a model, take a study that trains one.',
      exitCode: EXIT.usage,
    },
  )
}
