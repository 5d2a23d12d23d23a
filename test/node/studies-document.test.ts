// Claim: docs/studies.md has exactly the keys that the parser of study specs knows, and the timers of both presets.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { OperatorError } from '../../node/errors.ts'
import { readStudySpec } from '../../node/study/study-spec.ts'
import { TIMING_LAN, TIMING_WAN } from '../../protocols/study/timing.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '../..')
const DOCUMENT = join(ROOT, 'docs/studies.md')
const EXAMPLE = join(ROOT, 'node/examples/chest-xray.toml')
const UNKNOWN = 'zzzzzzzzzzzz = 1'

/** Keys by table: '' for the top. */
type Keys = ReadonlyMap<string, readonly string[]>

/** The sections of the document, by the table that each is about. */
function sectionsOf(text: string): Map<string, string> {
  const parts = text.split(/^## /m).slice(1)
  return new Map(parts.map(part => [/^\[*(\w+)/.exec(part)![1]!.replace('Top', ''), part]))
}

function documented(text: string): Keys {
  const sections = [...sectionsOf(text)].map(([table, part]): [string, string[]] => {
    // presets are rows there, and their keys stand in the second cell
    const rows = table === 'model' ? /^\| `"\w+"` \| ([^|]+) \|/gm : /^\| (`\w+`) \|/gm
    const cells = [...part.matchAll(rows)].map(([, cell]) => cell!).join(' ')
    const keys = [...cells.matchAll(/`(\w+)`/g)].map(([, key]) => key!)
    const first = /`preset`/.test(part) ? ['preset', ...keys] : keys
    return [table, [...new Set(first)].sort()]
  })
  return new Map(sections)
}

/** The keys that the parser names when it meets an unknown one in a table; none of what is no table. */
async function keysOf(t: ExecutionContext, table: string): Promise<string[]> {
  const example = await readFile(EXAMPLE, 'utf8')
  const header = new RegExp(`^\\[+${table}\\]+$`, 'm')
  const text =
    table === ''
      ? `${UNKNOWN}\n${example}`
      : header.test(example)
        ? example.replace(header, match => `${match}\n${UNKNOWN}`)
        : `${example}\n[${table}]\n${UNKNOWN}\n`
  const file = join(await temporaryFolder(t), 'spec.toml')
  await writeFile(file, text)
  const error = await t.throwsAsync(readStudySpec(file), { instanceOf: OperatorError })
  const [, known] = /^Known keys [^:]+: (.+)\.$/.exec(error.hint) ?? []
  return (known?.split(', ') ?? []).sort()
}

/** The tables of a spec: those keys of the top that are headed by a section of the document or by the example. */
async function schemaKeys(t: ExecutionContext): Promise<Keys> {
  const top = await keysOf(t, '')
  const found = new Map<string, string[]>()
  const example = await readFile(EXAMPLE, 'utf8')
  const scalars: string[] = []
  for (const key of top) {
    // a value already: not a table
    const isValue = new RegExp(`^${key} = `, 'm').test(example.slice(0, example.indexOf('\n[')))
    const keys = isValue ? [] : await keysOf(t, key)
    if (keys.length === 0) scalars.push(key)
    else found.set(key, keys)
  }
  return found.set('', scalars)
}

function differences(known: Keys, stated: Keys): string[] {
  const flat = (keys: Keys) => [...keys].flatMap(([table, names]) => names.map(name => `${table}.${name}`))
  const [schema, document] = [flat(known), flat(stated)]
  return [
    ...schema.filter(key => !document.includes(key)).map(key => `${key} is not in the document`),
    ...document.filter(key => !schema.includes(key)).map(key => `${key} is not in the schema`),
  ]
}

test('docs/studies.md has the keys of the schema, table by table, all and no others', async t => {
  const known = await schemaKeys(t)
  t.true(known.size >= 9)
  const text = await readFile(DOCUMENT, 'utf8')
  t.deepEqual(differences(known, documented(text)), [])
  t.deepEqual(differences(known, documented(text.replace('| `bounds` |', '| `pounds` |'))), [
    'contract.bounds is not in the document',
    'contract.pounds is not in the schema',
  ])
  t.deepEqual(differences(known, documented(text.replace('`cell`)', ')').replaceAll('`cell`', ''))), [
    'model.cell is not in the document',
  ])
})

test('docs/studies.md has the timers of both presets', async t => {
  const section = sectionsOf(await readFile(DOCUMENT, 'utf8')).get('timing')!
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \|/gm)]
  const column = (at: number) => Object.fromEntries(rows.map(row => [row[1]!, Number(row[at]!.replaceAll(',', ''))]))
  t.deepEqual(column(2), { ...TIMING_WAN })
  t.deepEqual(column(3), { ...TIMING_LAN })
})
