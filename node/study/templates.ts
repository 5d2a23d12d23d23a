/**
 * Templates of studies: specs without hospitals, whose settings were chosen on public data. They are files of the package.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../crypto/hash.ts'
import { createSigner } from '../../crypto/signature.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { peerIdString } from '../storage/identity.ts'
import { packageFile } from '../version.ts'
import { parseStudySpec, type StudySpec } from './study-spec.ts'

/** In the package. */
const FOLDER = 'node/templates'

export const TEMPLATE_NAMES = [
  'chest-xray',
  'chest-xray-3',
  'heart-disease',
  'tabular',
  'abstracts',
  'spoken-digits',
] as const
export type TemplateName = (typeof TEMPLATE_NAMES)[number]

/** What a founder says of a study beside its template; absent: as in the template. */
export interface TemplateChoices {
  readonly units?: number | undefined
  readonly epsilon?: number | undefined
  readonly delta?: number | undefined
  readonly rounds?: number | undefined
  readonly hospitals?: StudySpec['hospital']
}

/** The path of a template's file. @throws OperatorError `unknown-template`, exit code 2 */
export function templateFile(name: string): string {
  if ((TEMPLATE_NAMES as readonly string[]).includes(name)) return packageFile(join(FOLDER, `${name}.toml`))
  throw new OperatorError('unknown-template', `There is no template ${JSON.stringify(name)}`, {
    hint: `Name one of these: ${TEMPLATE_NAMES.join(', ')}.`,
    exitCode: EXIT.usage,
  })
}

/** The text of a template, to be edited. @throws OperatorError `unknown-template`, exit code 2 */
export function readTemplateText(name: string): Promise<string> {
  return readFile(templateFile(name), 'utf8')
}

/** A template with places for hospitals. @throws OperatorError `unknown-template`, exit code 2 */
export async function editableText(name: string): Promise<string> {
  const text = await readTemplateText(name)
  return [
    text.trimEnd(),
    '',
    '# One such table for each hospital, at least three; peer is what "confrere id" prints there.',
    '# [[hospital]]',
    '# name = "Hospital A"',
    '# peer = "12D3Koo..."',
    '# addresses = ["/dns4/a.example/tcp/7419"]',
  ].join('\n')
}

/** The spec of a template, with a founder's choices. @throws OperatorError `unknown-template`, exit code 2 */
export async function readTemplate(
  name: string,
  { units, epsilon, delta, rounds, hospitals = [] }: TemplateChoices = {},
): Promise<StudySpec> {
  const spec = parseStudySpec(await readTemplateText(name), templateFile(name), { hospitals: 'later' })
  return {
    ...spec,
    units: units ?? spec.units,
    rounds: rounds ?? spec.rounds,
    privacy: { ...spec.privacy, epsilon: epsilon ?? spec.privacy.epsilon, delta: delta ?? spec.privacy.delta },
    hospital: hospitals,
  }
}

/** Hospitals of a plan, which exist nowhere: their keys are hashes. */
export function plannedHospitals(count: number): StudySpec['hospital'] {
  return Array.from({ length: count }, (_, at) => {
    const { id } = createSigner(sha256(new TextEncoder().encode(`hospital ${at} of a plan`)))
    return { name: `Hospital ${at + 1}`, peer: peerIdString(id), addresses: [] }
  })
}
