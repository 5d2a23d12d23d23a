// biome-ignore-all lint/suspicious/noTemplateCurlyInString: planted sources hold templates
// Claim: the tree keeps its own rules. And: a planted violation of each rule is found, words about it are not.

import { join, relative } from 'node:path'
import test from 'ava'
import { tokenize } from './helpers/tree/tokens.ts'
import { readTree, violationsOf } from './helpers/tree/tree.ts'

const CLEAN: Record<string, string> = {
  'crypto/a.ts': 'export const a = 1\n',
  'protocols/b.ts': "import { a } from '../crypto/a.ts'\nexport const b = a\n",
  'node/c.ts': "import { b } from '../protocols/b.ts'\nexport const c = b\n",
  'crypto/accounting/fourier.ts': '',
  'protocols/model/checkpoint.ts': '',
  'node/training/backend.ts': '',
  'node/network/libp2p-host.ts': '',
  'node/network/reach/transports.ts': '',
  'node/network/request-reply.ts': '',
  'node/network/reach/web-socket.ts': '',
  'sim/d.ts': "import { c } from '../node/c.ts'\nexport const d = c\n",
  'test/e.test.ts': "import { d } from '../sim/d.ts'\nexport const e = d\n",
}

/** Violations of a clean tree with one file planted in it. */
function planted(path: string, source: string, top: string[] = []): string[] {
  return violationsOf({ sources: new Map(Object.entries({ ...CLEAN, [path]: source })), top })
}

test('the tree is tidy', async t => {
  const tree = await readTree(join(import.meta.dirname, '..'))
  t.true(tree.sources.size > 50)
  t.deepEqual(violationsOf(tree), [])
})

test('a clean tree passes, an empty tree or floor does not', t => {
  t.deepEqual(planted('crypto/z.ts', ''), [])
  t.is(violationsOf({ sources: new Map(), top: [] }).filter(line => line.includes('has no sources')).length, 5)
  const { 'sim/d.ts': _, ...rest } = CLEAN
  t.deepEqual(violationsOf({ sources: new Map(Object.entries(rest)), top: [] }), ['sim/: has no sources'])
})

const LAYERS: [path: string, specifier: string][] = [
  ['crypto/x.ts', '../protocols/b.ts'],
  ['crypto/x.ts', '../node/c.ts'],
  ['protocols/x.ts', '../node/c.ts'],
  ['protocols/deep/x.ts', '../../sim/d.ts'],
  ['node/x.ts', '../sim/d.ts'],
  ['sim/x.ts', '../test/e.test.ts'],
  ['node/x.ts', '../package.json'],
  ['node/x.ts', '/etc/passwd'],
  ['node/x.ts', 'file:///x.ts'],
  ['crypto/x.ts', 'zod'],
  ['crypto/x.ts', 'node:fs'],
  ['crypto/x.ts', 'node:assert'],
  ['protocols/x.ts', 'node:crypto'],
  ['protocols/x.ts', 'node:net'],
  ['protocols/x.ts', 'node:timers/promises'],
  ['protocols/x.ts', 'hono'],
]

test('an import against the arrows is found in every form', t => {
  for (const [path, specifier] of LAYERS) {
    const forms = [
      `import { x } from '${specifier}'`,
      `import x, { y as z } from "${specifier}"`,
      `import * as x from '${specifier}'`,
      `import {\n  type X,\n} from '${specifier}'`,
      `import '${specifier}'`,
      `export { x } from '${specifier}'\nconst y = 1`,
      `const x = await import('${specifier}')`,
      `const x = async () => (await import(\`${specifier}\`)).x`,
    ]
    for (const form of forms)
      t.true(
        planted(path, form).some(line => line.includes(specifier)),
        `${path}: ${form}`,
      )
  }
})

test('a type of a higher floor is an import too', t => {
  for (const form of ["import type { c } from '../node/c.ts'", "export type { c } from '../node/c.ts'\nconst x = 1"]) {
    t.deepEqual(planted('crypto/x.ts', form), ['crypto/x.ts:1: crypto/ may not import ../node/c.ts'])
  }
})

test('the entry of a worker is an import', t => {
  const worker = (file: string) => `const x = new URL(y ? '${file}' : './x.js', import.meta.url)`
  t.is(planted('protocols/deep/x.ts', worker('../../node/c.ts')).length, 1)
  t.deepEqual(planted('node/x.ts', worker('./c.ts')), [])
})

test('values of confined packages are found outside of their files, types are not', t => {
  const cases: [specifier: string, path: string, home: string][] = [
    ['@tensorflow/tfjs', 'node/training/model.ts', 'node/training/backend.ts'],
    ['@tensorflow/tfjs', 'test/x.test.ts', 'node/training/backend.ts'],
    ['libp2p', 'node/daemon.ts', 'node/network/libp2p-host.ts'],
    ['@libp2p/tcp', 'sim/world.ts', 'node/network/libp2p-host.ts'],
    ['@chainsafe/libp2p-noise', 'node/gater.ts', 'node/network/request-reply.ts'],
    ['@libp2p/peer-id', 'protocols/x.ts', 'test/x.test.ts'],
    ['it-pipe', 'node/network/libp2p-host.ts', 'node/network/request-reply.ts'],
    ['it-pipe', 'test/x.test.ts', 'node/network/request-reply.ts'],
  ]
  for (const [specifier, path, home] of cases) {
    t.is(planted(path, `import { x } from '${specifier}'`).length, 1, `${specifier} in ${path}`)
    t.is(planted(path, `import { type X } from '${specifier}'`).length, 1, `inline type of ${specifier} in ${path}`)
    t.deepEqual(planted(home, `import { x } from '${specifier}'`), [], `${specifier} in ${home}`)
    t.deepEqual(planted(path, `import type { X } from '${specifier}'`), [], `type of ${specifier} in ${path}`)
    t.deepEqual(planted(path, `export type X = typeof import('${specifier}')`), [])
  }
})

test('an import of a computed name is found', t => {
  for (const form of ['await import(name)', 'await import(`../${x}/y.ts`)', "require('a' + b)"]) {
    t.deepEqual(planted('node/x.ts', form), ['node/x.ts:1: imports a name that is computed'])
    t.deepEqual(planted('node/training/backend.ts', form), [])
  }
  t.is(planted('node/x.ts', "import { createRequire } from 'node:module'").length, 1)
})

const IMPURE = [
  'const t = Date.now()',
  'const t = new Date()',
  'let t: Date',
  'setTimeout(() => 1, 2)',
  'const r = Math.random()',
  "const r = Math['random']()",
  'const { random } = Math',
  'const x = process.env',
  'const x = `${process.pid}`',
  'const t = performance.now()',
  'const x = globalThis',
  'const x = a ? Date : b',
  'crypto.getRandomValues(x)',
  'await fetch(x)',
  "console.log('x')",
  "eval('1')",
]

test('clock, timers, randomness and I/O are found in the pure floors and allowed above them', t => {
  for (const source of IMPURE) {
    t.true(planted('protocols/x.ts', source).length > 0, source)
    t.true(planted('crypto/x.ts', source).length > 0, source)
    t.deepEqual(planted('node/x.ts', source), [], source)
  }
  t.true(planted('crypto/x.ts', "import { randomBytes } from 'node:crypto'").length > 0)
  t.true(planted('crypto/x.ts', 'async function f() {}').length > 0)
})

test('what must be bit-identical uses no function whose last bit may differ', async t => {
  const tree = await readTree(join(import.meta.dirname, '..'))
  for (const path of ['model/checkpoint.ts', 'study/models/cnn.ts', 'study/parameters.ts', 'study/normalisation.ts']) {
    t.true(tree.sources.has(`protocols/${path}`), `${path} is where the rule looks for it`)
    t.is(planted(`protocols/${path}`, 'const x = Math.log(2)').length, 1)
  }
  t.deepEqual(planted('protocols/model/checkpoint.ts', 'const x = Math.sqrt(2)'), [])
})

test('a rule about named files that matches none of them is a violation', t => {
  for (const home of ['protocols/model/checkpoint.ts', 'node/training/backend.ts', 'crypto/accounting/fourier.ts']) {
    const { [home]: _, ...rest } = CLEAN
    const found = violationsOf({ sources: new Map(Object.entries(rest)), top: [] })
    t.true(found.length > 0 && found.every(line => line.includes('matches no file')), `${home}: ${found.join('; ')}`)
  }
})

/** Violations of a clean tree with several files planted in it. */
function plantedAll(files: Record<string, string>): string[] {
  return violationsOf({ sources: new Map(Object.entries({ ...CLEAN, ...files })), top: [] })
}

test('a circle of files is found, whether of values or of types', t => {
  for (const word of ['import', 'import type']) {
    const two = plantedAll({
      'node/x.ts': `${word} { Y } from './y.ts'\nexport const x = 1`,
      'node/y.ts': `${word} { x } from './x.ts'\nexport const Y = 1`,
    })
    t.deepEqual(two, ['node/x.ts: is in a circle of files: node/x.ts, node/y.ts'])
  }
  const three = plantedAll({
    'sim/p/x.ts': "import { y } from './y.ts'\nexport const x = y",
    'sim/p/y.ts': "import { z } from './z.ts'\nexport const y = z",
    'sim/p/z.ts': "const w = await import('./x.ts')\nexport const z = w",
  })
  t.is(three.length, 1)
  t.deepEqual(plantedAll({ 'node/x.ts': "import { c } from './c.ts'\nexport const x = c" }), [])
})

test('two folders that import each other are found, a folder and one inside it are not', t => {
  const files = (a: string, b: string) => ({
    [`${a}/one.ts`]: '',
    [`${b}/one.ts`]: '',
    [`${a}/two.ts`]: `import '${relativeTo(a, b)}/one.ts'`,
    [`${b}/two.ts`]: `import '${relativeTo(b, a)}/one.ts'`,
  })
  t.is(plantedAll(files('node/a', 'node/b')).length, 1)
  t.is(plantedAll(files('protocols/a', 'protocols/b/c')).length, 1)
  t.deepEqual(plantedAll(files('node/a', 'node/a/b')), [])
})

function relativeTo(from: string, to: string): string {
  const path = relative(from, to)
  return path.startsWith('.') ? path : `./${path}`
}

test('a folder of 25 files passes, one of 26 does not', t => {
  const full = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`sim/full/x${i}.ts`, '']))
  t.deepEqual(plantedAll(full(25)), [])
  t.deepEqual(plantedAll(full(26)), ['sim/full/: 26 files, at most 25'])
})

test('a name that two files of crypto, protocols and node export is found; in sim and test it is free', t => {
  for (const declares of ['const q =', 'function q', 'interface q', 'type q =', 'async function q', 'class q']) {
    const found = plantedAll({ 'protocols/x.ts': 'export const q = 1', 'node/y.ts': `export ${declares} {}` })
    t.is(found.length, 1, declares)
    t.regex(found[0]!, /^q: is exported by/)
  }
  t.deepEqual(
    plantedAll({ 'protocols/x.ts': 'export const q = 1', 'node/y.ts': 'const q = 2\nexport const r = q' }),
    [],
  )
  t.deepEqual(plantedAll({ 'protocols/x.ts': 'export const q = 1', 'sim/y.ts': 'export const q = 2' }), [])
})

test('words in comments, strings, templates, regular expressions and keys are not code', t => {
  const source = [
    "// import x from '../node/c.ts'; new Date()",
    '/* setTimeout(Math.random) */',
    'const a = \'process.exit() // "\' + "Date" /* it\'s */',
    "const b = `Math.random() ${'process'} import('../sim/d.ts') \\${Date}`",
    'const c = /Date|"|`|\\/|[/"]process/.test(a) ? 4 / 2 / 1 : /eval/g',
    'const d = { process: 1, Date: 2 }',
    'interface E { process?: number; enum: string; import: 1 }',
    'const f = d.process + d?.Date + x.import + x.require',
    'const g = (a + b) / 2 // Date',
    'const h = `${`${"}"}`}` // Date',
    'const i = 1 / 2; const j = "/*"; const k = "*/"',
  ].join('\n')
  t.deepEqual(planted('protocols/x.ts', source), [])
})

test('code after anything that looks like a comment or a string is still code', t => {
  const lines = [
    '/"/.test(a)',
    "const a = '\\''",
    'const b = `}`',
    'const c = `${ { a: "}" } }`',
    "const d = /[/]'/",
    '// "',
  ]
  for (const line of lines) {
    t.deepEqual(planted('protocols/x.ts', `${line}\nDate.now()`), ['protocols/x.ts:2: is impure: Date'], line)
  }
})

test('barrels, default exports, enums and utils are found', t => {
  const cases: [path: string, source: string, what: RegExp][] = [
    ['node/index.ts', 'export const x = 1', /barrel/],
    ['node/x.ts', "export { c } from './c.ts'", /barrel/],
    ['node/x.ts', "export type { c } from './c.ts'\nexport { d } from './c.ts'", /barrel/],
    ['node/x.ts', "export * from './c.ts'\nexport const x = 1", /barrel/],
    ['node/x.ts', "export * as c from './c.ts'\nexport const x = 1", /barrel/],
    ['node/x.ts', 'export default 1', /default export/],
    ['node/x.ts', 'const a = 1\nexport { a as default }', /default export/],
    ['node/x.ts', 'enum A { B }', /enum/],
    ['node/x.ts', 'export const enum A { B }', /enum/],
    ['node/utils/x.ts', 'export const x = 1', /utils/],
    ['node/util.ts', 'export const x = 1', /utils/],
    ['node/NotKebab.ts', 'export const x = 1', /kebab/],
    ['node/x.mjs', 'export const x = 1', /kebab/],
    ['node/x.js', 'export const x = 1', /kebab/],
    ['node/http/dashboard/x.ts', 'export const x = 1', /kebab/],
  ]
  for (const [path, source, what] of cases) {
    const found = planted(path, source)
    t.is(found.length, 1, `${path}: ${source}: ${found.join('; ')}`)
    t.regex(found[0]!, what)
  }
  t.deepEqual(
    planted('node/x.ts', "import { default as y } from './c.ts'\nexport type { c } from './c.ts'\nconst x = y"),
    [],
  )
})

test('a file of 400 lines passes, one of 401 does not', t => {
  t.deepEqual(planted('node/x.ts', 'x\n'.repeat(400)), [])
  t.deepEqual(planted('node/x.ts', 'x\n'.repeat(401)), ['node/x.ts: 401 lines, at most 400'])
})

test('a new name at the root is found', t => {
  t.deepEqual(planted('crypto/z.ts', '', ['crypto', 'LICENSE']), [])
  t.deepEqual(planted('crypto/z.ts', '', ['src']), ['src: is not a name for the root of the tree'])
})

test('a source that cannot be read is a violation, not a pass', t => {
  t.is(planted('node/x.ts', 'const a = `').length, 1)
})

test('tokens carry their line', t => {
  const tokens = tokenize('#!/usr/bin/env node\na /* \n */ `\n${b}\n` c')
  t.deepEqual(
    tokens.filter(({ kind }) => kind === 'word').map(({ text, line }) => [text, line]),
    [
      ['a', 2],
      ['b', 4],
      ['c', 5],
    ],
  )
})
