/** `confrere study new`: makes a founder's signed study from a spec. @module */

import type { Command } from 'commander'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { requireSmallDelta } from '../privacy/caps.ts'
import { writeFileNew } from '../storage/atomic-file.ts'
import { type Identity, loadIdentity, peerIdString } from '../storage/identity.ts'
import { openStudy, sealStudy } from '../storage/study-file.ts'
import { documentOfSpec, readStudySpec } from '../study/study-spec.ts'
import { thisMachine } from '../training/machine.ts'
import { equalShare, requireCapacity } from '../training/needs.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'
import { studyJson, studyLines } from './study-text.ts'

interface NewOptions {
  data: string
  out: string
  json?: true
  force?: true
}

export function addStudyNew(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<spec>', 'the study spec, TOML')
    .requiredOption('--out <file>', 'the study file to write')
    .option('--force', 'make a study whose delta is above 1/(2 × units), which protects no one for sure')
    .action(writeStudy)
}

async function writeStudy(spec: string, { data, out, json, force }: NewOptions): Promise<void> {
  const identity = await loadIdentity(data)
  const parsed = await readStudySpec(spec)
  const { document } = documentOfSpec(parsed, { created: new Date().toISOString(), file: spec })
  requireMember(document, identity)
  if (!force) requireSmallDelta(document)
  // a hospital's own number of records is private, so the founder's machine stands for one with an equal share
  requireCapacity(document, equalShare(document), await thisMachine(data))
  const bytes = sealStudy(document, identity.signer)
  await writeFileNew(out, bytes).catch((cause: NodeJS.ErrnoException) => {
    throw new OperatorError('study-not-written', `${out} cannot be written: ${cause.message}`, {
      hint: cause.code === 'EEXIST' ? 'A study never changes: choose another name.' : 'Choose another --out.',
      exitCode: EXIT.usage,
      cause,
    })
  })
  const study = openStudy(bytes, out)
  if (json) printJson({ file: out, ...studyJson(study) })
  else printLines(...studyLines(study), `Wrote ${out}: send it to every hospital, which approves it.`)
}

/** @throws OperatorError `not-in-roster`, exit code 6 */
export function requireMember({ hospitals, name }: StudyDocument, { peer }: Identity): void {
  if (hospitals.some(({ id }) => peerIdString(id) === peer)) return
  throw new OperatorError('not-in-roster', `This node, ${peer}, is not one of the hospitals of "${name}"`, {
    hint: 'The founder has to write a study that lists this peer id; or, if the others are to admit it later, say --join.',
    exitCode: EXIT.notInRoster,
  })
}
