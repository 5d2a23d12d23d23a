/** `confrere study new`: makes a founder's signed study from a spec or a template. @module */

import type { Command } from 'commander'
import * as limit from '../../../protocols/study/limits.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { requireSoundPromise } from '../../privacy/caps.ts'
import { writeFileNew } from '../../storage/atomic-file.ts'
import { loadIdentity } from '../../storage/identity.ts'
import { openStudy, requireMember, sealStudy } from '../../storage/study-file.ts'
import { parseHospital } from '../../study/hospital-text.ts'
import { documentOfSpec, readSpecWithout, readStudySpec, type StudySpec } from '../../study/study-spec.ts'
import { editableText, readTemplate, TEMPLATE_NAMES, templateFile } from '../../study/templates.ts'
import { thisMachine } from '../../training/machine.ts'
import { equalShare, requireCapacity } from '../../training/needs.ts'
import { contactHospitals } from '../contacts/contact-hospitals.ts'
import { addJsonOption, boundedNumber, collect, listOf, wholeNumber } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'
import { studyJson, studyLines } from './text.ts'

/** What goes with a template alone. */
interface TemplateOptions {
  hospital?: string[]
  with?: string[]
  units?: number
  epsilon?: number
  delta?: number
  rounds?: number
}

interface NewOptions extends TemplateOptions {
  template?: string
  print?: true
  data?: string
  out?: string
  json?: true
  force?: true
}

export function addStudyNew(command: Command): void {
  addJsonOption(command)
    .argument('[spec]', 'the study spec, TOML')
    .option('--template <name>', `instead of a spec: ${TEMPLATE_NAMES.join(', ')}`)
    .option('--print', 'print the template as a spec, to be changed, and write no study')
    .option('--data <folder>', "the node's data folder")
    .option('--out <file>', 'the study file to write')
    .option('--hospital <hospital>', 'with --template, for each: NAME=PEER, or NAME=PEER@MULTIADDR', collect)
    .option(
      '--with <contacts>',
      'contacts by name or peer id, with commas between them; this node is added',
      listOf(String),
    )
    .option('--units <n>', 'with --template: units of all hospitals together', wholeNumber(1, limit.UNITS_MAX))
    .option('--epsilon <epsilon>', 'with --template', boundedNumber(limit.EPSILON_MIN, limit.EPSILON_MAX))
    .option('--delta <delta>', 'with --template', boundedNumber(limit.DELTA_MIN, limit.DELTA_MAX))
    .option('--rounds <n>', 'with --template', wholeNumber(1, limit.ROUNDS_MAX))
    .option(
      '--force',
      'write a study of fewer than 100 units, or a delta above 1/(2 × units): it protects no one for sure',
    )
    .action(newStudy)
}

async function newStudy(spec: string | undefined, options: NewOptions): Promise<void> {
  const { template, print } = options
  if ((spec === undefined) === (template === undefined)) {
    throw usage('which-spec', 'A study is made of a spec or of a template', 'Name a spec file, or --template NAME.')
  }
  if (print === true) {
    if (template === undefined) throw usage('no-template', 'Only a template is printed', 'Say --template NAME --print.')
    printLines(await editableText(template))
    return
  }
  const { data, out } = options
  if (data === undefined)
    throw usage('no-data-folder', 'The study has no founder', "Say --data with the node's folder.")
  if (out === undefined) throw usage('no-out', 'The study has no file', 'Say --out FILE.')
  await writeStudy(await specOf(spec, options), { ...options, data, out })
}

interface FoundSpec {
  readonly parsed: StudySpec
  /** names it in errors */
  readonly file: string
}

async function specOf(spec: string | undefined, options: NewOptions): Promise<FoundSpec> {
  const { template, hospital, with: contacts, data, units, epsilon, delta, rounds } = options
  if (contacts !== undefined && hospital !== undefined) {
    throw usage('hospitals-twice', 'The hospitals are given twice', 'Say --with or --hospital, not both.')
  }
  const known = contacts === undefined ? undefined : await contactHospitals(data!, contacts)
  if (template === undefined) {
    const given = Object.entries({ hospital, units, epsilon, delta, rounds }).find(([, value]) => value !== undefined)
    if (given === undefined) return { parsed: await specOfFile(spec!, known), file: spec! }
    throw usage('spec-says-it', `--${given[0]} goes with a template, and ${spec} says it itself`, `Change ${spec}.`)
  }
  const file = templateFile(template)
  const hospitals = known ?? hospital?.map(parseHospital)
  if (hospitals === undefined) {
    const hint =
      'Say --with CONTACT,CONTACT (see "confrere contacts"), or --hospital NAME=PEER for each of at least three.'
    throw usage('no-hospitals', 'The study has no hospitals', hint)
  }
  const choices = { units, epsilon, delta, rounds, hospitals }
  return { parsed: await readTemplate(template, choices), file: `the options, or print ${file} and change it` }
}

/** @param hospitals those of a spec that has none itself */
async function specOfFile(spec: string, hospitals: StudySpec['hospital'] | undefined): Promise<StudySpec> {
  return hospitals === undefined ? await readStudySpec(spec) : await readSpecWithout(spec, hospitals)
}

async function writeStudy(
  { parsed, file }: FoundSpec,
  { data, out, json, force }: { data: string; out: string; json?: true; force?: true },
): Promise<void> {
  const identity = await loadIdentity(data)
  const { document } = documentOfSpec(parsed, { created: new Date().toISOString(), file })
  requireMember(document, identity.peer)
  if (!force) requireSoundPromise(document)
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
  actsOn(study.study)
  if (json) printJson({ file: out, ...studyJson(study) })
  else
    printLines(
      ...studyLines(study),
      `Wrote ${out}: send it to every hospital, by "confrere study propose" or by hand, and each approves it.`,
    )
}

function usage(code: string, message: string, hint: string): OperatorError {
  return new OperatorError(code, message, { hint, exitCode: EXIT.usage })
}
