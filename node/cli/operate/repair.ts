/** `confrere repair`: a new database in place of a damaged one. @module */

import type { Command } from 'commander'
import { repairStore } from '../../backup/repair.ts'
import { examine } from '../../doctor/examine.ts'
import { storeCheck } from '../../doctor/store.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

export function addRepair(command: Command): void {
  addJsonOption(addDataOption(command)).option('--force', 'also where nothing is found to be damaged').action(repair)
}

/** @throws OperatorError `not-damaged`, exit code 2; as `repairStore` */
async function repair({ data, force, json }: { data: string; force?: true; json?: true }): Promise<void> {
  await requireDataFolder(data)
  if (!force && !(await isDamaged(data))) {
    throw new OperatorError('not-damaged', `Nothing is found to be damaged in the database of ${data}`, {
      hint: 'Start the node. Where its log names the database all the same, call "confrere repair --force".',
      exitCode: EXIT.usage,
    })
  }
  const repaired = await repairStore(data, { at: new Date().toISOString() })
  if (json) return printJson(repaired)
  const { aside, messages, isWhole } = repaired
  printLines(
    `The damaged database lies in ${aside}: delete it when the node has caught up.`,
    `Kept: ${messages} of the node's own messages${isWhole ? '' : '; parts that could not be read are lost'}.`,
    'The privacy ledger was not touched. Rounds that it may lack count as charged.',
    `"confrere start --data ${data}" fetches the rounds from the others, and asks them what it has said before it says a word.`,
  )
}

async function isDamaged(data: string): Promise<boolean> {
  const findings = await examine(data, { which: 'all', checks: [storeCheck] })
  return findings.some(({ state }) => state === 'failed')
}
