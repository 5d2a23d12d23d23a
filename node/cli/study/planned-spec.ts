/** `confrere study plan --out`: a spec or template with the values of a plan. @module */

import { readFile } from 'node:fs/promises'
import { EXIT, OperatorError } from '../../errors.ts'
import { writeFileNew } from '../../storage/atomic-file.ts'
import { type PlannedSettings, specTextWith } from '../../study/spec-text.ts'
import type { PlanningInput } from '../../study/study-planner.ts'
import { editableText, templateFile } from '../../study/templates.ts'

/** What a plan starts from, and where it is written. */
export interface PlanSource extends Partial<PlanningInput> {
  spec?: string
  template?: string
  out?: string
}

/**
 * Writes the text of a plan's spec or template with its values: those that the options gave, and those that were found.
 *
 * @throws OperatorError `spec-not-written`, exit code 2; as `specTextWith`
 */
export async function writePlannedSpec(
  { spec, template, out, records, copies, colluders, epsilon, delta, localSteps }: PlanSource & { out: string },
  { optimizer, privacy, ...found }: PlannedSettings,
): Promise<void> {
  const given = { units: records, copies, colluders }
  const promised = { epsilon, delta, ...(localSteps !== undefined && { localSteps, noise: 'local' as const }) }
  const settings = { ...given, ...found, ...(optimizer && { optimizer }), privacy: { ...promised, ...privacy } }
  const text =
    spec === undefined
      ? specTextWith(await editableText(template!), settings, { file: templateFile(template!), hospitals: 'later' })
      : specTextWith(await readFile(spec, 'utf8'), settings, { file: spec, hospitals: 'there' })
  await writeFileNew(out, text.endsWith('\n') ? text : `${text}\n`).catch((cause: NodeJS.ErrnoException) => {
    throw new OperatorError('spec-not-written', `${out} cannot be written: ${cause.message}`, {
      hint: 'Choose another --out.',
      exitCode: EXIT.usage,
      cause,
    })
  })
}
