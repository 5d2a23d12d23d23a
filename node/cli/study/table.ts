/** `confrere study table`: the result of a study that counts a table. @module */

import { type Command, Option } from 'commander'
import { EXIT, OperatorError } from '../../errors.ts'
import { selectStudy } from '../../storage/approved-studies.ts'
import { readCheckpointOf } from '../../storage/newest-checkpoint.ts'
import { type TableFigures, tableFigures } from '../../study/table-figures.ts'
import { TABLE_INTERVALS, tableCsv, tableLines } from '../../study/table-text.ts'
import { addDataOption, addJsonOption, parseStudyPrefix } from '../options.ts'
import { printJson, printLines } from '../output.ts'

export function addStudyTable(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<study>', 'which one, by the first digits of its id', parseStudyPrefix)
    .addOption(new Option('--csv', 'print lines of CSV, one figure a line').conflicts('json'))
    .action(showTable)
}

/**
 * @throws OperatorError `no-table`, exit code 2, of a study that trains a model; `no-table-yet`, exit code 12; as
 *   `selectStudy` and `readCheckpointOf`
 */
async function showTable(
  prefix: string,
  { data, json, csv }: { data: string; json?: true; csv?: true },
): Promise<void> {
  const { study, document } = await selectStudy(data, prefix)
  if (document.table === undefined) {
    throw new OperatorError('no-table', `"${document.name}" trains a model and has no table`, {
      hint: 'A table comes out of a study whose spec has [table]. "confrere evaluate" says how good a model is.',
      exitCode: EXIT.usage,
    })
  }
  const { checkpoint, hash } = await readCheckpointOf(data, { study, document })
  const figures = tableFigures(document, checkpoint)
  if (figures === null) {
    throw new OperatorError('no-table-yet', `No round of "${document.name}" has had a result`, {
      hint: 'Start the node and wait for its first round. If all of them were void, the study gives no table.',
      exitCode: EXIT.dataUnreadable,
    })
  }
  if (csv) return printLines(...tableCsv(figures))
  if (json) return printJson({ study, checkpoint: hash, unit: document.unit, ...figures })
  printLines(`Study     ${document.name}`, ...roundsLines(figures), ...tableLines(figures), TABLE_INTERVALS)
}

function roundsLines({ rounds }: TableFigures): string[] {
  return rounds === 1 ? [] : [`Rounds    the mean of ${rounds}`]
}
