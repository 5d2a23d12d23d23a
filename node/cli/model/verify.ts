/** `confrere verify`: checks the folder of an export or a dossier, offline, on any machine. @module */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { Command } from 'commander'
import { printable } from '../../../protocols/encoding/printable.ts'
import { SOURCES_FILE } from '../../dossier/sources.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import type { FileFault } from '../../export/sealed-folder.ts'
import { verifyExport } from '../../export/verify-export.ts'
import { addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

const FAULTS_SHOWN = 10

export function addVerify(command: Command): void {
  addJsonOption(command).argument('<folder>', 'what "confrere export" or "confrere dossier" has written').action(verify)
}

/** @throws OperatorError `export-changed`, exit code 8; as `verifyExport` and `verifyDossier` */
async function verify(folder: string, { json }: { json?: true }): Promise<void> {
  const isDossier = await stat(join(folder, SOURCES_FILE)).then(
    () => true,
    () => false,
  )
  return isDossier ? verifiedDossier(folder, json) : verifiedExport(folder, json)
}

async function verifiedDossier(folder: string, json?: true): Promise<void> {
  const { verifyDossier } = await import('../../dossier/verify-dossier.ts')
  const { faults, proven } = await verifyDossier(folder)
  if (faults.length > 0 || proven === null) throw changed(folder, faults)
  const { opened, list, files } = proven
  const { study, certified, checkpointHash, ledger, rounds, actions } = opened
  const counts = { ledgerLines: ledger.entries.length, rounds: rounds.length, actions: actions.length }
  if (json) {
    return printJson({
      ...{ verified: true, study: study.study, name: study.document.name, checkpoint: checkpointHash },
      ...{ site: list.site, peer: list.peer, at: list.at, ...counts, files },
    })
  }
  printLines(
    `Verified: the dossier of "${study.document.name}", made on ${list.at} by ${list.site}`,
    `  signed      by ${list.peer}`,
    `  study       ${study.study}`,
    `  checkpoint  ${checkpointHash}, certified by at least ${certified.quorum} of ${certified.roster.hospitals.length} hospitals`,
    `  derived     from ${counts.ledgerLines} lines of the ledger, ${counts.rounds} certified rounds, ${counts.actions} recorded actions: every figure again, and the page byte for byte`,
    'That this is the hospital that it claims to be, only it can say: compare the peer id with it.',
  )
}

async function verifiedExport(folder: string, json?: true): Promise<void> {
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
  return new OperatorError('export-changed', `${folder} is not as it was written. ${shown.join('; ')}${more}`, {
    hint: 'Do not use it: get the folder again from the hospital that wrote it.',
    exitCode: EXIT.verificationFailed,
  })
}
