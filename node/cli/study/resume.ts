/** `confrere study resume`: lets a study go on that has gone back to its best model too often. @module */

import type { Command } from 'commander'
import { isPaused, RETURNS_MAX } from '../../../protocols/model/evaluation-state.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { noteResumed, resumedReturns, selectStudy } from '../../storage/approved-studies.ts'
import { readCheckpointOf } from '../../storage/newest-checkpoint.ts'
import { confirm } from '../contacts/confirm.ts'
import { addDataOption, addJsonOption, parseStudyPrefix } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'

export function addStudyResume(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<study>', 'which one, by the first digits of its id', parseStudyPrefix)
    .option('--yes', 'do not ask')
    .action(resumeStudy)
}

/** @throws OperatorError `not-paused` (exit code 2), as `selectStudy` and `readCheckpointOf` */
async function resumeStudy(
  prefix: string,
  { data, json, yes }: { data: string; json?: true; yes?: true },
): Promise<void> {
  const { study, document } = await selectStudy(data, prefix)
  actsOn(study)
  const found = await readCheckpointOf(data, { study, document })
  const evaluation = found?.checkpoint.evaluation ?? null
  if (evaluation === null || !isPaused(evaluation) || (await resumedReturns(data, study)) >= evaluation.returns) {
    throw new OperatorError('not-paused', `The study "${document.name}" is not paused here`, {
      hint: 'A study pauses when an evaluation has fallen for the third time. "confrere status" says what it waits for.',
      exitCode: EXIT.usage,
    })
  }
  await confirm(
    `"${document.name}" has gone back to its best model ${evaluation.returns} times (${RETURNS_MAX} are let pass). Have the hospitals found out why, and shall this one go on?`,
    { yes },
  )
  await noteResumed(data, study, evaluation.returns)
  if (json) printJson({ study, returns: evaluation.returns, resumed: true })
  else printLines(`This hospital goes on with "${document.name}": with the next fall it is asked again.`)
}
