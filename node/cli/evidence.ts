/** `confrere evidence`: lists proofs that a hospital has lied, and verifies them offline. @module */

import { open } from 'node:fs/promises'
import type { Command } from 'commander'
import { ProtocolError } from '../../protocols/errors.ts'
import { CASE_BYTES_MAX, decodeEvidenceFile, judgeEvidenceFile } from '../../protocols/evidence/evidence-file.ts'
import { hex } from '../../protocols/immutable.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { listEvidence } from '../storage/evidence-folder.ts'
import { readStudyFile } from '../storage/study-file.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'

export function addEvidence(evidence: Command): void {
  addJsonOption(addDataOption(evidence.command('list')))
    .description('what the node has found')
    .action(list)
  addJsonOption(evidence.command('verify'))
    .description('verify a file of evidence, with nothing but the study file')
    .argument('<file>', 'the file of evidence')
    .requiredOption('--study <file>', 'the study file')
    .action(verify)
}

async function list({ data, json }: { data: string; json?: true }): Promise<void> {
  await requireDataFolder(data)
  const entries = await listEvidence(data)
  if (json) return printJson({ evidence: entries })
  if (entries.length === 0) return printLines('No hospital has been found to lie.')
  for (const { round, code, peer, file } of entries) printLines(`Round ${round}  ${code}  ${peer}`, `  ${file}`)
}

/** @throws OperatorError `evidence-unreadable` (exit code 2), `not-proven` (exit code 8), or as `readStudyFile` */
async function verify(file: string, { study: path, json }: { study: string; json?: true }): Promise<void> {
  const { document, study } = await readStudyFile(path)
  const bytes = await readLimited(file)
  try {
    const found = decodeEvidenceFile(bytes)
    const { peer, name, code, description } = judgeEvidenceFile(document, found)
    if (json) return printJson({ proven: true, peer, name, code, kind: found.evidence.kind, round: found.round, study })
    printLines(`Proven: ${description}`, `  study ${hex(found.study)}`)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw failure('not-proven', `${file} proves nothing in the study ${path}: ${cause.message}`, {
      hint: 'Take the file as the node has written it, and the study file that its hospitals have approved.',
      exitCode: EXIT.verificationFailed,
      cause,
    })
  }
}

/** Reads at most the largest size of evidence. */
async function readLimited(file: string): Promise<Uint8Array> {
  const hint = 'Check the path; "confrere evidence list" names the files of a data folder.'
  const unreadable = (why: string, cause?: unknown) =>
    failure('evidence-unreadable', `The file ${file} cannot be read: ${why}`, { hint, exitCode: EXIT.usage, cause })
  try {
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      if (size > CASE_BYTES_MAX) throw unreadable(`it has ${size} bytes, and evidence at most ${CASE_BYTES_MAX}`)
      return new Uint8Array(await handle.readFile())
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause
    throw unreadable((cause as Error).message, cause)
  }
}

function failure(
  code: string,
  message: string,
  rest: { hint: string; exitCode: ExitCode; cause?: unknown },
): OperatorError {
  return new OperatorError(code, message, rest)
}
