/** `confrere study show`: prints a study file. @module */

import type { Command } from 'commander'
import { readStudyFile } from '../storage/study-file.ts'
import { addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'
import { studyJson, studyLines } from './study-text.ts'

export function addStudyShow(command: Command): void {
  addJsonOption(command).argument('<file>', 'the study file').action(showStudy)
}

async function showStudy(file: string, { json }: { json?: true }): Promise<void> {
  const study = await readStudyFile(file)
  if (json) printJson(studyJson(study))
  else printLines(...studyLines(study))
}
