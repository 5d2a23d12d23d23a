/**
 * The tree's rules (architecture.md, "Folders: one rule, five floors"), as a function of its sources: import
 * directions, confinement, purity, size, names.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'
import { type Import, importsOf, isMark, isMember, isWord } from './imports.ts'
import { structureViolations } from './structure.ts'
import { type Token, tokenize } from './tokens.ts'

/** Sources by their path from the root, with slashes; and the entries of the root. */
export interface Tree {
  readonly sources: ReadonlyMap<string, string>
  readonly top: readonly string[]
}

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  crypto: [],
  protocols: ['crypto'],
  node: ['crypto', 'protocols'],
  sim: ['crypto', 'protocols', 'node'],
  test: ['crypto', 'protocols', 'node', 'sim'],
}
const FLOORS = Object.keys(MAY_IMPORT)

/** Packages whose values the pure floors may import. Types are free, because they are erased. */
const PURE_PACKAGES: Readonly<Record<string, RegExp>> = {
  crypto: /^(node:crypto|fft\.js|uint8arrays(\/[a-z-]+)?)$/,
  protocols: /^(zod|cborg|node:assert(\/strict)?|uint8arrays(\/[a-z-]+)?)$/,
}

/** Packages whose values only their adapter may import, so that a change of library changes one file. */
const CONFINED: readonly { name: RegExp; where: RegExp }[] = [
  { name: /^@tensorflow\//, where: /^node\/training\/backend\.ts$/ },
  { name: /^fft\.js$/, where: /^crypto\/accounting\/fourier\.ts$/ },
  { name: /^it-pipe$/, where: /^node\/network\/request-reply\.ts$/ },
  { name: /^ws$/, where: /^node\/network\/reach\/web-socket\.ts$/ },
  {
    name: /^(libp2p(\/|$)|@libp2p\/|@chainsafe\/)/,
    where: /^(node\/network\/(libp2p-host|request-reply)\.ts$|node\/network\/reach\/|test\/)/,
  },
]
/** The only file that loads packages by computed names: engines that may not be installed. */
const COMPUTED_IMPORTS = /^node\/training\/backend\.ts$/

/** Names of clocks, timers, I/O, and of globals that lead to them. */
const IMPURE = new Set(
  [
    'Date Temporal performance setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate',
    'queueMicrotask requestAnimationFrame process console fetch WebSocket Worker navigator globalThis global',
    'eval Function createRequire webcrypto getRandomValues randomBytes randomFill randomFillSync',
    'randomInt randomUUID generateKeyPair generateKeyPairSync generateKey generateKeySync generatePrime',
  ]
    .join(' ')
    .split(/\s+/),
)
/** Words that crypto/, which is synchronous, must not use. */
const ASYNCHRONOUS = new Set(['async', 'await', 'Promise'])

/** Every peer computes these to the last bit, whatever its engine: no function that may differ there. */
const BIT_IDENTICAL =
  /^protocols\/(model\/[a-z-]+|study\/(models\/[a-z-]+|parameters|normalisation(-kinds)?|feature-mean))\.ts$/
const EXACT_MATH = new Set(['abs', 'ceil', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sqrt', 'trunc'])

const TOP = new Set([
  ...FLOORS,
  ...['.ci', '.github', '.git', '.gitignore', '.gitattributes', '.dockerignore', 'docs', 'LICENSE', 'README.md'],
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'package.json', 'package-lock.json', 'tsconfig.json'],
  // not in the repository
  ...['biome.json', 'node_modules', 'dist', 'coverage'],
])

const LINES_MAX = 400
const SOURCE = /\.[cm]?[jt]sx?$/
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*((\.test|\.d)?\.ts|\.cts)$/
/** What a browser runs as it is. */
const BROWSER_FOLDER = 'node/http/dashboard/'
const BROWSER_NAME = /^[a-z0-9]+(-[a-z0-9]+)*\.js$/

/** Reads the five floors below a folder. */
export async function readTree(root: string): Promise<Tree> {
  const sources = new Map<string, string>()
  for (const floor of FLOORS) {
    const entries = await readdir(join(root, floor), { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (!entry.isFile() || !SOURCE.test(entry.name)) continue
      const file = join(entry.parentPath, entry.name)
      sources.set(file.slice(root.length + 1).replaceAll(sep, '/'), await readFile(file, 'utf8'))
    }
  }
  return { sources, top: (await readdir(root)).filter(name => !name.endsWith('.log')) }
}

/**
 * Violations of all rules, one line each. An empty floor is a violation, and so is a rule about bit-identical
 * arithmetic or a confinement that matches no file, because it checked nothing.
 */
export function violationsOf({ sources, top }: Tree): string[] {
  const floors = FLOORS.filter(floor => ![...sources.keys()].some(path => path.startsWith(`${floor}/`)))
  return [
    ...ruleViolations([...sources.keys()]),
    ...floors.map(floor => `${floor}/: has no sources`),
    ...top.filter(name => !TOP.has(name)).map(name => `${name}: is not a name for the root of the tree`),
    ...[...sources].flatMap(([path, source]) => violationsOfFile(path, source)),
    ...structureViolations(sources),
  ]
}

/** Rules for named files that match no file, as after a rename. */
function ruleViolations(paths: readonly string[]): string[] {
  const rules = [BIT_IDENTICAL, ...CONFINED.map(({ where }) => where), COMPUTED_IMPORTS]
  return rules.filter(rule => !paths.some(path => rule.test(path))).map(rule => `${rule.source}: matches no file`)
}

function violationsOfFile(path: string, source: string): string[] {
  let tokens: Token[]
  try {
    tokens = tokenize(source)
  } catch (error) {
    return [`${path}: cannot be read as TypeScript: ${(error as Error).message}`]
  }
  const imports = importsOf(tokens)
  return [
    ...nameViolations(path, source),
    ...imports.flatMap(found => importViolations(path, found)),
    ...barrelViolations(path, tokens, imports),
    ...tokens.flatMap((_, i) => tokenViolations(path, tokens, i)),
  ]
}

function nameViolations(path: string, source: string): string[] {
  const lines = source.replace(/\n$/, '').split('\n').length
  const parts = path.split('/')
  return [
    ...(lines > LINES_MAX ? [`${path}: ${lines} lines, at most ${LINES_MAX}`] : []),
    ...(parts.some(part => /^utils?(\.|$)/.test(part)) ? [`${path}: nothing is called utils: name what it does`] : []),
    ...((path.startsWith(BROWSER_FOLDER) ? BROWSER_NAME : NAME).test(parts.at(-1)!)
      ? []
      : [`${path}: file names are kebab-case and end in .ts`]),
  ]
}

function importViolations(path: string, { specifier, typeOnly, line }: Import): string[] {
  const floor = path.split('/')[0]!
  const say = (what: string): string[] => [`${path}:${line}: ${what}`]
  if (specifier === undefined) {
    return COMPUTED_IMPORTS.test(path) || typeOnly ? [] : say('imports a name that is computed')
  }
  if (/^[./#]|^[a-z]+:\/\//.test(specifier)) {
    const target = normalize(join(dirname(path), specifier)).split(sep)[0]!
    const reachable = target === floor || MAY_IMPORT[floor]?.includes(target)
    return specifier.startsWith('.') && reachable ? [] : say(`${floor}/ may not import ${specifier}`)
  }
  if (typeOnly) return []
  const confined = CONFINED.find(({ name }) => name.test(specifier))
  if (confined !== undefined && !confined.where.test(path)) {
    return say(`values of ${specifier} are confined to ${confined.where.source}; types need "import type"`)
  }
  const allowed = PURE_PACKAGES[floor]
  return allowed === undefined || allowed.test(specifier) ? [] : say(`${floor}/ may not import ${specifier}`)
}

/** A barrel: a file that only re-exports other files. */
function barrelViolations(path: string, tokens: readonly Token[], imports: readonly Import[]): string[] {
  const reexports = imports.filter(({ reexport }) => reexport)
  const star = reexports.some(({ line }) =>
    tokens.some((token, i) => token.line === line && isWord(token, 'export') && isStar(tokens, i + 1)),
  )
  const statements = tokens.filter((token, i) => depthZeroDeclaration(token) && !isMember(tokens, i)).length
  const onlyPassesOn = reexports.length > 0 && statements === 0
  return star || onlyPassesOn || /(^|\/)index\.ts$/.test(path) ? [`${path}: is a barrel`] : []
}

function isStar(tokens: readonly Token[], i: number): boolean {
  return isMark(tokens[i], '*') || (isWord(tokens[i], 'type') && isMark(tokens[i + 1], '*'))
}

function depthZeroDeclaration(token: Token): boolean {
  return token.kind === 'word' && /^(const|let|function|class|interface|await|throw|if|for)$/.test(token.text)
}

function tokenViolations(path: string, tokens: readonly Token[], i: number): string[] {
  const token = tokens[i]!
  if (token.kind !== 'word' || isMember(tokens, i)) return []
  const next = tokens[i + 1]
  const say = (what: string): string[] => [`${path}:${token.line}: ${what}`]
  if (token.text === 'enum' && next?.kind === 'word' && isMark(tokens[i + 2], '{')) return say('has an enum')
  if (token.text === 'export' && isWord(next, 'default')) return say('has a default export')
  if (token.text === 'as' && isWord(next, 'default') && !isImportClause(tokens, i)) return say('has a default export')
  if (token.text === 'createRequire' && !COMPUTED_IMPORTS.test(path)) return say('makes a require')
  if (!(path.split('/')[0]! in PURE_PACKAGES) || isKey(tokens, i)) return []
  return impurities(path, tokens, i).flatMap(say)
}

function impurities(path: string, tokens: readonly Token[], i: number): string[] {
  const { text } = tokens[i]!
  const member = isMark(tokens[i + 1], '.') ? tokens[i + 2]?.text : undefined
  if (IMPURE.has(text)) return [`is impure: ${text}`]
  if (text === 'crypto' && member !== undefined) return [`is impure: crypto.${member}`]
  if (path.startsWith('crypto/') && ASYNCHRONOUS.has(text)) return [`is not synchronous: ${text}`]
  if (text !== 'Math') return []
  if (member === undefined) return ['is impure: takes Math apart']
  if (member === 'random') return ['is impure: Math.random']
  return BIT_IDENTICAL.test(path) && !EXACT_MATH.has(member)
    ? [`must be bit-identical everywhere, and Math.${member} is not`]
    : []
}

/** Whether a word only names a property: `{ process: 1 }`, `{ process?: T }`, but not in `a ? process : b`. */
function isKey(tokens: readonly Token[], i: number): boolean {
  const colon = isMark(tokens[i + 1], ':') || (isMark(tokens[i + 1], '?') && isMark(tokens[i + 2], ':'))
  return colon && !isMark(tokens[i - 1], '?')
}

/** Whether `x as default` is part of an import, where it names no export of ours. */
function isImportClause(tokens: readonly Token[], i: number): boolean {
  for (let at = i; at >= 0; at--) {
    if (isWord(tokens[at], 'import')) return true
    if (isWord(tokens[at], 'export')) return false
  }
  return false
}
