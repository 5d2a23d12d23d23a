/** `confrere study show`: prints a study file, or a proposed or approved study. @module */

import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { findStudy } from '../../contacts/find-study.ts'
import { type StudyPlace, studyPlaceIn } from '../../privacy/study-place.ts'
import { addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { studyJson, studyLines } from './text.ts'

export function addStudyShow(command: Command): void {
  addJsonOption(command)
    .argument('<file>', 'the study file; with --data also the first digits of the id of a study of this node')
    .option('--data <folder>', "the node's data folder")
    .action(showStudy)
}

async function showStudy(file: string, { json, data }: { json?: true; data?: string }): Promise<void> {
  const study = await findStudy(file, data)
  const place = data === undefined ? null : await placeHere(data, study.study)
  if (json) printJson({ ...studyJson(study), ...(place !== null && { onThesePatients: place.number }) })
  else printLines(...studyLines(study, place))
}

async function placeHere(data: string, study: string): Promise<StudyPlace> {
  const { population } = (await readConfig(data)).privacy
  return await studyPlaceIn(data, { study, population })
}
