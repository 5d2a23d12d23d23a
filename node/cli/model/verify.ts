/** `confrere verify`: checks an exported folder, offline, on any machine. @module */

import type { Command } from 'commander'
import { printable } from '../../../protocols/encoding/printable.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import type { FileFault } from '../../export/sealed-folder.ts'
import { verifyExport } from '../../export/verify-export.ts'
import { addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

const FAULTS_SHOWN = 10

export function addVerify(command: Command): void {
  addJsonOption(command).argument('<folder>', 'what "confrere export" has written').action(verify)
}

/** @throws OperatorError `export-changed`, exit code 8; as `verifyExport` */
async function verify(folder: string, { json }: { json?: true }): Promise<void> {
  const { faults, proven } = await verifyExport(folder)
  if (faults.length > 0 || proven === null) throw changed(folder, faults)
  const { study, document, checkpoint, certified, files } = proven
  const { round, roster, quorum } = certified
  if (json) {
    return printJson({
      verified: true,
      study,
      name: document.name,
      checkpoint,
      round,
      hospitals: roster.peers,
      quorum,
      files,
    })
  }
  printLines(
    `Verified: "${document.name}", the model after round ${round}`,
    `  study       ${study}`,
    `  checkpoint  ${checkpoint}`,
    `  certified   by the signatures of at least ${quorum} of ${roster.hospitals.length} hospitals, version ${roster.version} of their list:`,
    ...roster.hospitals.map(({ name }, rank) => `              ${roster.peers[rank]}  ${name}`),
    `  files       ${files.length}, each as it follows from that checkpoint and study`,
    'That these are the hospitals that they claim to be, only they can say: compare the study id, or a peer id, with one of them.',
  )
}

function changed(folder: string, faults: readonly FileFault[]): OperatorError {
  const shown = faults.slice(0, FAULTS_SHOWN).map(({ file, problem }) => printable(`${file}: ${problem}`))
  const more = faults.length > FAULTS_SHOWN ? `; and ${faults.length - FAULTS_SHOWN} more` : ''
  return new OperatorError('export-changed', `${folder} is not as it was exported. ${shown.join('; ')}${more}`, {
    hint: 'Do not use it: get the folder again from the hospital that exported it.',
    exitCode: EXIT.verificationFailed,
  })
}
