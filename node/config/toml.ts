/**
 * Strict TOML for files that operators write by hand: an unknown key is an error that names the key, the file, and the
 * key that was probably meant. A typing error must never silently mean "use the default".
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { parse, TomlError } from 'smol-toml'
import type { z } from 'zod'
import { EXIT, OperatorError } from '../errors.ts'

/** Edit distance above which a key is not taken for a typing error of another. */
const EDITS_MAX = 3

/**
 * Reads and checks a TOML file.
 *
 * @param missing message and hint when there is no such file
 * @throws OperatorError `config-missing`, `config-unreadable`, `config-invalid`, all with exit code 3
 */
export async function readToml<T extends z.ZodType>(
  file: string,
  schema: T,
  missing: { message: string; hint: string },
): Promise<z.output<T>> {
  return parseToml(await readTomlText(file, missing), schema, file)
}

/** The text of a TOML file. @throws OperatorError `config-missing`, `config-unreadable`, exit code 3 */
export async function readTomlText(file: string, missing: { message: string; hint: string }): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new OperatorError('config-missing', missing.message, { hint: missing.hint, exitCode: EXIT.config, cause })
    }
    throw new OperatorError('config-unreadable', `${file} cannot be read: ${(cause as Error).message}`, {
      hint: 'Check the path and its permissions.',
      exitCode: EXIT.config,
      cause,
    })
  }
}

/** Checks TOML text; `file` only names it. @throws OperatorError `config-invalid`, exit code 3 */
export function parseToml<T extends z.ZodType>(text: string, schema: T, file: string): z.output<T> {
  return checkTable(tomlTable(text, file), schema, file)
}

/** TOML text as a table that nobody has checked. @throws OperatorError `config-invalid`, exit code 3 */
export function tomlTable(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const { line, column, message } = cause
    // only the first line: the others draw the place in the file
    const reason = message.split('\n')[0]!.replace('Invalid TOML document: ', '')
    throw invalid(`${file}:${line}:${column} is not valid TOML: ${reason}`, `Correct line ${line} of ${file}.`, cause)
  }
}

/**
 * Checks a table.
 *
 * @param originOf names where a key's value comes from, if not from the file
 * @throws OperatorError `config-invalid`, exit code 3
 */
export function checkTable<T extends z.ZodType>(
  table: unknown,
  schema: T,
  file: string,
  originOf: (key: string) => string | undefined = () => undefined,
): z.output<T> {
  const parsed = schema.safeParse(table)
  if (parsed.success) return parsed.data
  // a mistyped key also makes the right one missing; naming the typing error helps more
  const { issues } = parsed.error
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!
  const where = issue.path.filter(part => typeof part === 'string')
  if (issue.code === 'unrecognized_keys') throw unknownKey([...where, issue.keys[0]!], schema, file)
  const key = issue.path.join('.') || 'the file'
  const missing = issue.code === 'invalid_type' && valueAt(table, issue.path) === undefined
  const origin = originOf(where.join('.'))
  throw invalid(
    `${origin ?? file}: ${key}: ${missing ? 'is missing' : issue.message}`,
    origin === undefined ? `Correct "${key}" in ${file}.` : `Correct ${origin}.`,
    parsed.error,
  )
}

function valueAt(table: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key], table)
}

function unknownKey(path: string[], schema: z.ZodType, file: string): OperatorError {
  const paths = keyPaths(schema)
  const key = path.join('.')
  const nearest = nearestKey(key, paths)
  const section = path.slice(0, -1).join('.')
  const siblings = paths.filter(known => known.split('.').slice(0, -1).join('.') === section)
  const known = siblings.map(sibling => sibling.split('.').at(-1)).join(', ')
  if (paths.includes(key)) {
    return invalid(
      `${file}: the key "${key}" does not go with the other keys of [${section}]`,
      `Leave it away, or choose the kind or preset in [${section}] that has it.`,
    )
  }
  return invalid(
    `${file}: unknown key "${key}"${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
    `Known keys ${section === '' ? 'at the top' : `of [${section}]`}: ${known}.`,
  )
}

function invalid(message: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError('config-invalid', message, { hint, exitCode: EXIT.config, cause })
}

/** The known key that was probably meant: one with few typing errors, or the same name in another section. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const leafOf = (path: string): string => path.split('.').at(-1) ?? ''
  const leaf = leafOf(key).toLowerCase()
  const scored = known.map(path => {
    const edits = Math.min(
      editDistance(key.toLowerCase(), path.toLowerCase()),
      leafOf(path).toLowerCase() === leaf ? 1 : Infinity,
    )
    return { path, edits }
  })
  const best = scored.sort((a, b) => a.edits - b.edits)[0]
  const allowed = Math.min(EDITS_MAX, Math.floor(leaf.length / 2))
  return best !== undefined && best.edits <= allowed ? best.path : undefined
}

/** Levenshtein distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

/** All keys of a schema, as dotted paths; elements of arrays have their array's path. */
function keyPaths(schema: z.core.$ZodType, prefix = ''): string[] {
  const { def } = schema._zod as unknown as { def: { type: string } & Record<string, unknown> }
  switch (def.type) {
    case 'object':
      return Object.entries(def['shape'] as Record<string, z.core.$ZodType>).flatMap(([key, child]) => {
        const path = prefix === '' ? key : `${prefix}.${key}`
        return [path, ...keyPaths(child, path)]
      })
    case 'array':
      return keyPaths(def['element'] as z.core.$ZodType, prefix)
    case 'union':
      return [...new Set((def['options'] as z.core.$ZodType[]).flatMap(option => keyPaths(option, prefix)))]
    default: {
      const inner = (def['innerType'] ?? def['in']) as z.core.$ZodType | undefined
      return inner === undefined ? [] : keyPaths(inner, prefix)
    }
  }
}
