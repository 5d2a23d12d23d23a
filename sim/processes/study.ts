/** Founds a study, from its spec to every hospital's approval, by the product's own commands. @module */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './child.ts'
import type { Hospital } from './node-process.ts'

export interface FoundedStudy {
  /** hex */
  readonly study: string
  /** d, the number of the model's parameters */
  readonly parameters: number
}

/**
 * Makes the first hospital write the study, and all hospitals approve it.
 *
 * @param folder for the spec and the study
 * @param spec in TOML
 * @param file the study's, inside `folder`
 * @throws ChildError with the refusal when the study is not sound
 */
export async function foundStudy(
  folder: string,
  { spec, file, hospitals }: { spec: string; file: string; hospitals: readonly Hospital[] },
): Promise<FoundedStudy> {
  const specFile = join(folder, 'study.toml')
  const study = join(folder, file)
  await writeFile(specFile, spec)
  const founder = hospitals[0] as Hospital
  const args = ['study', 'new', specFile, '--out', study, '--data', founder.folder, '--json']
  const made = JSON.parse(await runCommand(args))
  await Promise.all(hospitals.map(hospital => runCommand(['study', 'approve', study, '--data', hospital.folder])))
  return { study: made.study, parameters: made.plan.dimension }
}
