/** A spec's text with other values: its comments and everything else stay as they are. @module */

import { isDeepStrictEqual } from 'node:util'
import { EXIT, OperatorError } from '../errors.ts'
import { parseStudySpec, type StudySpec } from './study-spec.ts'

/** Values of a plan or a rehearsal; absent: as the text has them. */
export interface PlannedSettings {
  readonly rounds?: number | undefined
  readonly units?: number | undefined
  readonly copies?: number | undefined
  readonly colluders?: number | undefined
  readonly optimizer?: { readonly learningRate?: number | undefined }
  readonly privacy?: {
    readonly [Key in 'epsilon' | 'delta' | 'sampleRate' | 'clippingNorm' | 'localSteps']?: number | undefined
  } & { readonly noise?: 'local' }
}

type Values = Readonly<Record<string, number | string | undefined>>

/**
 * Writes settings into the text of a spec or template.
 *
 * @param hospitals as in `parseStudySpec`
 * @throws OperatorError `spec-not-changed`, exit code 3, where the text says them in a way that is not understood
 */
export function specTextWith(
  text: string,
  settings: PlannedSettings,
  { file, hospitals }: { readonly file: string; readonly hospitals: 'later' | 'there' },
): string {
  const { optimizer = {}, privacy = {}, ...top } = settings
  const changed = Object.entries<Values>({ '': top, optimizer, privacy }).reduce(
    (lines, [table, values]) => tableWith(lines, table, values),
    text.split('\n'),
  )
  const written = changed.join('\n')
  if (isDeepStrictEqual(parsed(written), specWith(parseStudySpec(text, file, { hospitals }), settings))) return written
  throw new OperatorError('spec-not-changed', `The values of the plan cannot be written into the text of ${file}`, {
    hint: `Copy ${file} and put them in by hand: ${JSON.stringify(settings)}.`,
    exitCode: EXIT.config,
  })

  /** Null where the text is no spec any more. */
  function parsed(candidate: string): StudySpec | null {
    try {
      return parseStudySpec(candidate, file, { hospitals })
    } catch (error) {
      if (error instanceof OperatorError) return null
      throw error
    }
  }
}

/** A spec with settings instead of its own. */
export function specWith(spec: StudySpec, { optimizer = {}, privacy = {}, ...top }: PlannedSettings): StudySpec {
  return {
    ...spec,
    ...defined(top),
    optimizer: { ...spec.optimizer, ...defined(optimizer) },
    privacy: { ...spec.privacy, ...defined(privacy) },
  }
}

function defined(values: Values): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  )
}

/** Lines of a text in which one table has values; those that it has not yet come first in it. */
function tableWith(lines: readonly string[], table: string, values: Values): string[] {
  const left = new Map(Object.entries(defined(values)).map(([key, value]) => [key, JSON.stringify(value)]))
  let current = ''
  const changed = lines.map(line => {
    current = /^\s*\[{1,2}\s*([A-Za-z]+)\s*\]{1,2}\s*(#.*)?$/.exec(line)?.[1] ?? current
    const [, start, key, comment = ''] = /^(\s*([A-Za-z]+)\s*=\s*)[^#]*?(\s*#.*)?$/.exec(line) ?? []
    const value = current === table && key !== undefined ? left.get(key) : undefined
    if (value === undefined) return line
    left.delete(key!)
    return `${start}${value}${comment}`
  })
  const added = [...left].map(([key, value]) => `${key} = ${value}`)
  const header = table === '' ? 0 : changed.findIndex(line => new RegExp(`^\\s*\\[\\s*${table}\\s*\\]`).test(line)) + 1
  return [...changed.slice(0, header), ...added, ...changed.slice(header)]
}
