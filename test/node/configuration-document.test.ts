// Claim: docs/configuration.md has exactly the keys that the parser of config.toml knows, each with its default.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parseConfig } from '../../node/config/config.ts'
import { OperatorError } from '../../node/errors.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/configuration.md')
const UNKNOWN = 'zzzzzzzzzzzz'

/** Keys and defaults of the table, as they stand there. */
function documented(text: string): Map<string, string> {
  const rows = text.matchAll(/^\| `([^`|]+)` \| ([^|]+) \| [^|]+ \| [^|]+ \|$/gm)
  return new Map([...rows].map(([, key, value]) => [key!, value!.replace(/^`(.*)`$/, '$1')]))
}

/** The keys that the parser names when it meets an unknown one: at the top, or in a table; none of what is no table. */
function keysOf(table: string | null): string[] {
  try {
    parseConfig(table === null ? `${UNKNOWN} = 1` : `[${table}]\n${UNKNOWN} = 1`, 'config.toml')
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return /^Known keys [^:]+: (.+)\.$/.exec(error.hint)?.[1]?.split(', ') ?? []
  }
  throw new Error('an unknown key was taken')
}

/** Every key of the schema as a dotted path. */
function schemaKeys(): string[] {
  return keysOf(null).flatMap(key => {
    const inner = keysOf(key)
    return inner.length === 0 ? [key] : inner.map(name => `${key}.${name}`)
  })
}

/** What a config that says only its site has, by dotted path. */
function defaults(): Map<string, unknown> {
  const { site: _, ...tables } = parseConfig('site = "A"', 'config.toml')
  return new Map(
    Object.entries(tables).flatMap(([table, values]) =>
      Object.entries(values).map(([key, value]): [string, unknown] => [`${table}.${key}`, value]),
    ),
  )
}

function differences(text: string): string[] {
  const table = documented(text)
  const known = new Set(schemaKeys())
  const values = defaults()
  return [
    ...[...known].filter(key => !table.has(key)).map(key => `${key} is not in the document`),
    ...[...table.keys()].filter(key => !known.has(key)).map(key => `${key} is not in the schema`),
    ...[...table].flatMap(([key, stated]) => {
      const value = values.get(key)
      const actual = key === 'site' ? 'required' : (value ?? null) === null ? 'none' : JSON.stringify(value)
      return known.has(key) && stated !== actual ? [`${key}: ${stated} in the document, ${actual} in fact`] : []
    }),
  ]
}

test('docs/configuration.md has the keys of the schema, all and no others, with their defaults', async t => {
  t.true(schemaKeys().length > 10)
  t.deepEqual(differences(await readFile(DOCUMENT, 'utf8')), [])
})

test('a key that is missing, one too many and a wrong default are each found', async t => {
  const text = await readFile(DOCUMENT, 'utf8')
  const row = text.split('\n').find(line => line.startsWith('| `http.port`'))!
  t.deepEqual(differences(text.replace(row, '')), ['http.port is not in the document'])
  t.deepEqual(differences(text.replace(row, `${row}\n${row.replace('port', 'pool')}`)), [
    'http.pool is not in the schema',
  ])
  t.deepEqual(differences(text.replace(row, row.replace('7420', '7421'))), [
    'http.port: 7421 in the document, 7420 in fact',
  ])
})
