/**
 * What is known of a file from elsewhere: from the folders that it lies in, from a list, or from its name; and what a
 * record's label, patient and split are then.
 *
 * @module
 */
import { parse } from 'csv-parse'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { classIndexOf } from './class-index.ts'
import { FOLDER_ENTRIES_MAX, openNamed } from './folder.ts'
import { type FileFacts, FileRefused, type FoundRecord, NO_LABEL, type Reading } from './reader.ts'

const LIST_BYTES_MAX = 2 ** 28
const LIST_LINE_CHARACTERS_MAX = 2 ** 13
const PATTERN_CHARACTERS_MAX = 512

export interface Labelling {
  readonly facts: (file: string) => FileFacts
  /** names that a list holds, so that those without a file can be told; null where there is no list */
  readonly listed: readonly string[] | null
}

const UNKNOWN: FileFacts = { label: null, patient: null, split: null }

/** Names of folders that say a split, and the split. */
const SPLITS: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
  testing: 'test',
}

/** The folder that a file lies in is its label; a first folder named as a split is, such as `train`, its split. */
export const FOLDER_LABELLING: Labelling = {
  facts: file => {
    const folders = file.split('/').slice(0, -1)
    const split = Object.hasOwn(SPLITS, folders[0] ?? '') ? SPLITS[folders[0]!]! : null
    const classes = split === null ? folders : folders.slice(1)
    return { label: classes.at(-1) ?? null, patient: null, split }
  },
  listed: null,
}

/** Each fact from the first that knows it: a label from the folder, say, and the patient from a list. */
export function combinedLabelling(...sources: readonly Labelling[]): Labelling {
  return {
    facts: file => {
      const known = sources.map(({ facts }) => facts(file))
      const first = (name: keyof FileFacts): string | null => known.find(one => one[name] !== null)?.[name] ?? null
      return { label: first('label'), patient: first('patient'), split: first('split') }
    },
    listed: sources.find(({ listed }) => listed !== null)?.listed ?? null,
  }
}

/** Names of a list's columns. */
export interface ListColumns {
  readonly file: string
  readonly label: string
  readonly patient: string
  readonly split: string
}

const COLUMNS: ListColumns = { file: 'file', label: 'label', patient: 'patient', split: 'split' }
const COLUMN_NAMES = 'file, label, patient and split'
const PLACES = ['label', 'patient', 'split'] as const

/**
 * Reads a list: lines of comma-, semicolon- or tab-separated values under a line of names, with the columns `file` (relative
 * to the data's folder), and `label`, `patient` and `split`, or those of them that the list is to say.
 *
 * @param columns other names of these columns; a column that is named here must be there
 * @throws OperatorError `bad-list`, exit code 12: not readable, lacks a column, names a file twice, or goes beyond a limit
 */
export async function listLabelling(path: string, columns: Partial<ListColumns> = {}): Promise<Labelling> {
  const known = new Map<string, FileFacts & { line: number; file: string }>()
  for await (const { textOf, line } of rowsOf(path, columns, 'file')) {
    const file = relativeName(textOf('file'), line)
    const twin = known.get(keyOf(file))
    if (twin !== undefined) throw badList(`lines ${twin.line} and ${line} name the same file`, 'Remove one of them.')
    if (known.size >= FOLDER_ENTRIES_MAX) throw badList(`it names more than ${FOLDER_ENTRIES_MAX} files`, 'Split it.')
    known.set(keyOf(file), {
      ...{ label: textOf('label'), patient: textOf('patient'), split: textOf('split') },
      ...{ line, file },
    })
  }
  if (known.size === 0) throw badList('it names no files', 'Put a line of names first, then one line for each file.')
  return {
    facts: file => {
      const { label, patient, split } = known.get(keyOf(file)) ?? UNKNOWN
      return { label, patient, split }
    },
    listed: [...known.values()].map(({ file }) => file),
  }
}

export interface PatientLabelling {
  readonly factsOfPatient: NonNullable<Reading['factsOfPatient']>
  /** hex of the hashes of the patients that the list names */
  readonly listed: readonly string[]
}

/**
 * Reads a list of patients: as the list of files, with a column `patient`, and `label`, `split` or both. What it says holds
 * for every record of a patient whose file names him. Only the patients' hashes are kept.
 *
 * @param keyed as `Reading.keyed`
 * @throws OperatorError `bad-list`, exit code 12: as `listLabelling`, or two lines differ about one patient
 */
export async function patientListLabelling(
  path: string,
  keyed: Reading['keyed'],
  columns: Partial<Omit<ListColumns, 'file'>> = {},
): Promise<PatientLabelling> {
  const known = new Map<string, { label: string | null; split: string | null; line: number }>()
  for await (const { textOf, line } of rowsOf(path, columns, 'patient')) {
    const patient = textOf('patient')
    if (patient === null) throw badList(`line ${line} names no patient`, 'Write an id in each line.')
    const key = hexOf(keyed(patient))
    const facts = { label: textOf('label'), split: textOf('split'), line }
    const twin = known.get(key)
    if (twin === undefined) known.set(key, facts)
    else if (twin.label !== facts.label || twin.split !== facts.split) {
      throw badList(`lines ${twin.line} and ${line} differ about one patient`, 'Correct one of them.')
    }
    if (known.size > FOLDER_ENTRIES_MAX) throw badList(`it names more than ${FOLDER_ENTRIES_MAX} patients`, 'Split it.')
  }
  if (known.size === 0) throw badList('it names no patients', 'Put a line of names first, then one for each patient.')
  const factsOfPatient = (patient: Uint8Array) => {
    const { label, split } = known.get(hexOf(patient)) ?? UNKNOWN
    return { label, split }
  }
  return { factsOfPatient, listed: [...known.keys()] }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

interface ListRow {
  /** null: the list has no such column, or nothing in it here */
  readonly textOf: (column: keyof ListColumns) => string | null
  readonly line: number
}

async function* rowsOf(path: string, columns: Partial<ListColumns>, key: 'file' | 'patient'): AsyncGenerator<ListRow> {
  let places: Record<keyof ListColumns, number> | null = null
  for await (const { record, line } of linesOf(path)) {
    if (places === null) {
      places = placesOf(record, columns, key)
      continue
    }
    const at = places
    yield { textOf: column => record[at[column]]?.trim() || null, line }
  }
}

/** Systems write the same accent in two ways. */
function keyOf(file: string): string {
  return file.normalize()
}

interface ListLine {
  readonly record: readonly string[]
  readonly line: number
}

async function* linesOf(path: string): AsyncGenerator<ListLine> {
  for await (const file of openNamed(path)) {
    const head = Buffer.from(await file.part(0, LIST_LINE_CHARACTERS_MAX)).toString('utf8')
    const first = head.slice(0, head.search(/\r|\n|$/))
    const delimiter = [',', ';', '\t'].find(mark => first.includes(mark)) ?? ','
    try {
      const bytes = await file.whole(LIST_BYTES_MAX)
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
      const lines = parse(text, {
        ...{ bom: true, delimiter, info: true, skip_empty_lines: true },
        max_record_size: LIST_LINE_CHARACTERS_MAX,
      })
      for await (const { record, info } of lines) yield { record, line: info.lines }
    } catch (error) {
      if (error instanceof OperatorError) throw error
      throw listError(error)
    }
  }
}

/** The parser's own words quote the line. */
function listError(error: unknown): OperatorError {
  if (error instanceof FileRefused) return badList(error.message, 'Name the list itself.')
  const { code, lines } = error as { code?: string; lines?: number }
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return badList('it is not UTF-8', 'Save it as CSV in UTF-8.')
  const hint = 'Look for a quotation mark that is not closed, and give every line as many values as there are names.'
  return badList(`it cannot be read as CSV${lines === undefined ? '' : ` near line ${lines}`}`, hint)
}

function placesOf(
  names: readonly string[],
  columns: Partial<ListColumns>,
  key: 'file' | 'patient',
): Record<keyof ListColumns, number> {
  const wanted = { ...COLUMNS, ...columns }
  const place = (name: keyof ListColumns): number => {
    const found = names.flatMap((text, index) => (text.trim() === wanted[name] ? [index] : []))
    if (found.length > 1) throw badList(`two of its columns have the name for the ${name}`, 'Rename one of them.')
    const required = name === key || columns[name] !== undefined
    if (found.length === 0 && required) {
      throw badList(`its first line names no column for the ${name}`, `Name one of its columns "${wanted[name]}".`)
    }
    return found[0] ?? -1
  }
  const places = { file: place('file'), label: place('label'), patient: place('patient'), split: place('split') }
  if (PLACES.every(name => name === key || places[name] < 0)) {
    throw badList(`its first line names no column besides the one of ${key}s`, `Name its columns ${COLUMN_NAMES}.`)
  }
  return places
}

function relativeName(text: string | null, line: number): string {
  const parts = (text ?? '').replaceAll('\\', '/').split('/')
  const kept = parts.filter((part, index) => part !== '.' && !(part === '' && index > 0))
  if (text === null || kept.length === 0 || kept.includes('..') || kept[0] === '' || /^[A-Za-z]:$/.test(kept[0]!)) {
    throw badList(`line ${line} names no file inside the folder`, 'Write paths relative to the folder of the data.')
  }
  return kept.join('/')
}

function badList(what: string, hint: string): OperatorError {
  return new OperatorError('bad-list', `The list of files cannot be used: ${what}`, {
    hint,
    exitCode: EXIT.dataUnreadable,
  })
}

/**
 * Facts from a file's own name by a pattern such as `{label}_{patient}_{}.wav` or `{label}/{patient}/{}.dcm`; `{}` is
 * anything. A pattern with k slashes looks at the last k + 1 parts of a path.
 *
 * What stands for a place has none of the characters that border on a place in the same part: `a-b-1.png` does not fit
 * `{patient}-{}.png`, since the patient could be `a` or `a-b`, and two patients must not become one.
 *
 * @throws OperatorError `bad-pattern`, exit code 2
 */
export function patternLabelling(pattern: string): Labelling {
  if (pattern.length > PATTERN_CHARACTERS_MAX) throw badPattern(`it has more than ${PATTERN_CHARACTERS_MAX} characters`)
  const names = [...pattern.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name!).filter(name => name !== '')
  const unknown = names.some(name => !PLACES.some(place => place === name))
  if (unknown || /[{}]/.test(pattern.replaceAll(/\{[^{}]*\}/g, ''))) throw badPattern('it has another place')
  if (new Set(names).size < names.length) throw badPattern('it has one place twice')
  if (names.length === 0) throw badPattern('it has none of them')
  const parts = pattern.split('/')
  const fits = parts.map(partExpression)
  return {
    facts: file => {
      const own = file.split('/').slice(-parts.length)
      const found = own.length < parts.length ? [] : own.map((text, index) => fits[index]!.exec(text.normalize()))
      if (found.length === 0 || found.includes(null)) return UNKNOWN
      const groups: Record<string, string> = Object.assign({}, ...found.map(match => match!.groups))
      return {
        label: groups['label']?.trim() || null,
        patient: groups['patient']?.trim() || null,
        split: groups['split']?.trim() || null,
      }
    },
    listed: null,
  }
}

function partExpression(part: string): RegExp {
  if (part.includes('}{')) throw badPattern('nothing separates two of its places')
  const pieces = part.normalize().split(/(\{[^{}]*\})/)
  const borders = pieces.flatMap((piece, index) => {
    if (index % 2 === 1) return []
    return [index > 0 ? [...piece][0] : undefined, index < pieces.length - 1 ? [...piece].at(-1) : undefined]
  })
  const others = [...new Set(borders)]
    .filter(mark => mark !== undefined)
    .map(escaped)
    .join('')
  const one = others === '' ? '.+' : `[^${others}]+`
  const source = pieces.map((piece, index) => {
    if (index % 2 === 0) return [...piece].map(escaped).join('')
    return piece === '{}' ? `(?:${one})` : `(?<${piece.slice(1, -1)}>${one})`
  })
  return new RegExp(`^${source.join('')}$`, 'su')
}

function escaped(mark: string): string {
  return `\\u{${mark.codePointAt(0)!.toString(16)}}`
}

function badPattern(what: string): OperatorError {
  return new OperatorError('bad-pattern', `The pattern of names cannot be used: ${what}`, {
    hint: 'Its places are {label}, {patient} and {split}, each at most once and one of them at least, and {} for anything, with other characters between two places: {label}_{patient}_{}.wav',
    exitCode: EXIT.usage,
  })
}

/** Label, patient and split of a record. */
export type RecordFacts = Pick<FoundRecord, 'label' | 'patient' | 'split'>

/**
 * What a record of a file has besides its values; or why the file is none.
 *
 * @param ownPatient the keyed hash of the patient that the file itself names; asked only where nothing else says one
 */
export function recordFacts(
  { contract, facts, keyed, factsOfPatient, unlabelled }: Reading & { readonly contract: DataContract },
  file: string,
  ownPatient: () => Uint8Array | null = () => null,
): RecordFacts | string {
  if (unlabelled) return { label: NO_LABEL, patient: null, split: null }
  const known = facts(file)
  const named = known.patient?.trim()
  const unsaid = known.label === null || known.split === null
  const asked = contract.patients !== undefined || (factsOfPatient !== undefined && unsaid)
  const patient = asked ? (named ? keyed(named) : ownPatient()) : null
  const more = patient === null ? undefined : factsOfPatient?.(patient)
  const text = known.label ?? more?.label ?? null
  const split = known.split ?? more?.split ?? null
  if (text === null) {
    return 'nothing says its label: put it into a folder named as its class, name it in a list, or correct the pattern of names'
  }
  const label = classIndexOf(contract, text)
  if (label === null) return "its label is none of the study's classes: rename it, or add it to the study's labels"
  if (contract.patients === undefined) return { label, patient: null, split }
  if (patient === null) {
    return 'nothing says whose it is, and the study needs it: name the patient in a list, or in a pattern of names'
  }
  return { label, patient, split }
}
