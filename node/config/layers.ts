/**
 * Where a config's values come from: its defaults, `config.toml`, the environment, flags. Each goes before the one that
 * is named before it here.
 *
 * @module
 */

import type { z } from 'zod'
import { EXIT, OperatorError } from '../errors.ts'
import { nearestKey } from './toml.ts'

export type ConfigOrigin = 'default' | 'file' | 'environment' | 'flag'

/** What may go before the file. */
export interface ConfigLayers {
  /** variables by name, such as `process.env`; those of no key are left alone */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** such as `http.port=7421` */
  readonly flags?: readonly string[]
}

/** A key that one value belongs to. Tables of data sets have none: their names are the operator's. */
export interface ConfigKey {
  /** such as `http.port` */
  readonly key: string
  readonly kind: 'number' | 'boolean' | 'list' | 'text'
}

const PREFIX = 'CONFRERE_'

/** The variable of a key: `http.port` is CONFRERE_HTTP_PORT, `privacy.epsilonMax` CONFRERE_PRIVACY_EPSILON_MAX. */
export function variableOf(key: string): string {
  return (
    PREFIX +
    key
      .replace(/[A-Z]/g, letter => `_${letter}`)
      .replaceAll('.', '_')
      .toUpperCase()
  )
}

/** Every key of a schema that has one value. */
export function configKeys(schema: z.core.$ZodType, before = ''): ConfigKey[] {
  const { def } = schema._zod as unknown as { def: { type: string } & Record<string, unknown> }
  const inner = (def['innerType'] ?? def['in']) as z.core.$ZodType | undefined
  if (inner !== undefined) return configKeys(inner, before)
  switch (def.type) {
    case 'object':
      return Object.entries(def['shape'] as Record<string, z.core.$ZodType>).flatMap(([name, child]) =>
        configKeys(child, before === '' ? name : `${before}.${name}`),
      )
    case 'record':
      return []
    case 'number':
    case 'boolean':
      return [{ key: before, kind: def.type }]
    case 'array':
      return [{ key: before, kind: 'list' }]
    default:
      return [{ key: before, kind: 'text' }]
  }
}

interface Layered {
  /** the file's table, with what goes before it */
  readonly table: Record<string, unknown>
  /** of keys whose value is not from the file, how an operator knows it: the variable, or the flag */
  readonly sources: ReadonlyMap<string, { readonly origin: 'environment' | 'flag'; readonly name: string }>
}

/**
 * Lays the environment and flags over a file's table. Values are not checked here.
 *
 * @throws OperatorError `bad-setting`, exit code 2: a flag that names no key
 */
export function layered(
  file: Readonly<Record<string, unknown>>,
  keys: readonly ConfigKey[],
  { environment = {}, flags = [] }: ConfigLayers,
): Layered {
  const table = structuredClone(file) as Record<string, unknown>
  const sources = new Map<string, { origin: 'environment' | 'flag'; name: string }>()
  for (const { key, kind } of keys) {
    const text = environment[variableOf(key)]
    if (text === undefined) continue
    put(table, key, valueOfText(text, kind))
    sources.set(key, { origin: 'environment', name: variableOf(key) })
  }
  for (const flag of flags) {
    const { key, kind, text } = settingOf(flag, keys)
    put(table, key, valueOfText(text, kind))
    sources.set(key, { origin: 'flag', name: `--set ${key}` })
  }
  return { table, sources }
}

/** Variables that begin as ours do and are of no key, with the one that was probably meant. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  keys: readonly ConfigKey[],
): { name: string; nearest: string | null }[] {
  const known = keys.map(({ key }) => variableOf(key))
  return Object.keys(environment)
    .filter(name => name.startsWith(PREFIX) && !known.includes(name))
    .sort()
    .map(name => ({ name, nearest: nearestKey(name, known) ?? null }))
}

function settingOf(flag: string, keys: readonly ConfigKey[]): ConfigKey & { text: string } {
  const at = flag.indexOf('=')
  const name = at < 0 ? flag : flag.slice(0, at)
  const found = keys.find(({ key }) => key === name)
  if (found !== undefined && at >= 0) return { ...found, text: flag.slice(at + 1) }
  const nearest = nearestKey(
    name,
    keys.map(({ key }) => key),
  )
  throw new OperatorError(
    'bad-setting',
    found === undefined ? `There is no key "${name}" in the config` : `--set ${flag} gives no value`,
    {
      hint: `Write --set ${nearest ?? 'http.port'}=VALUE; "confrere config show" lists all keys.`,
      exitCode: EXIT.usage,
    },
  )
}

/** A value as the file would have it; what is of no right form stays text, and the schema says what is wrong. */
function valueOfText(text: string, kind: ConfigKey['kind']): unknown {
  switch (kind) {
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'list':
      return text.trim() === '' ? [] : text.split(',').map(part => part.trim())
    case 'text':
      return text
  }
}

function put(table: Record<string, unknown>, key: string, value: unknown): void {
  const parts = key.split('.')
  const last = parts.pop() as string
  let inner = table
  for (const part of parts) {
    const next = inner[part]
    // a file that has no table there has nothing to keep; what is no table is the schema's to refuse
    if (next === undefined) inner[part] = {}
    else if (typeof next !== 'object' || next === null) return
    inner = inner[part] as Record<string, unknown>
  }
  inner[last] = value
}
