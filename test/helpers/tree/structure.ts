/**
 * Rules about the whole tree, as functions of its sources: no import cycle of files, no two folders that import each
 * other, a limit on files per folder, no exported name with two meanings.
 *
 * @module
 */

import { dirname, join, normalize } from 'node:path'
import { type Import, importsOf, isWord } from './imports.ts'
import { type Token, tokenize } from './tokens.ts'

/** Files per folder; a folder with more has more than one subject. */
const FILES_PER_FOLDER_MAX = 25

/** Floors whose exported names an editor offers together for import. */
const SHARED_NAMES = /^(crypto|protocols|node)\//

/** Names that are exported twice on purpose: the same idea for another type, never a constant with two values. */
const SAME_NAME_ALLOWED: ReadonlySet<string> = new Set([])

type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** Violations of these rules, one line each. */
export function structureViolations(sources: ReadonlyMap<string, string>): string[] {
  const tokens = tokensOf(sources)
  const files = graphOf(sources, tokens)
  return [...fileCircles(files), ...mutualFolders(files), ...fullFolders([...sources.keys()]), ...repeatedNames(tokens)]
}

/** Tokens by path; a source that cannot be tokenized is left out, since the rules for single files report it. */
function tokensOf(sources: ReadonlyMap<string, string>): ReadonlyMap<string, readonly Token[]> {
  const all = new Map<string, readonly Token[]>()
  for (const [path, source] of sources) {
    try {
      all.set(path, tokenize(source))
    } catch {}
  }
  return all
}

/** The graph of imports, type imports included, because a reader follows those too. */
function graphOf(sources: ReadonlyMap<string, string>, tokens: ReadonlyMap<string, readonly Token[]>): Graph {
  const targetOf = (path: string, { specifier }: Import): string[] => {
    if (specifier === undefined || !specifier.startsWith('.')) return []
    const target = normalize(join(dirname(path), specifier)).replaceAll('\\', '/')
    return sources.has(target) && target !== path ? [target] : []
  }
  return new Map(
    [...tokens].map(([path, list]) => [path, new Set(importsOf(list).flatMap(found => targetOf(path, found)))]),
  )
}

function fileCircles(graph: Graph): string[] {
  return circlesOf(graph).map(files => `${files[0]}: is in a circle of files: ${files.join(', ')}`)
}

/** Strongly connected components of more than one node, by Tarjan's algorithm (SIAM J. Comput. 1, 1972). */
function circlesOf(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (node: string): void => {
    order.set(node, order.size)
    low.set(node, order.get(node) as number)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) as number, low.get(next) as number))
    }
    if (low.get(node) !== order.get(node)) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return circles
}

/** Pairs of folders that import each other; a folder and a folder inside it may. */
function mutualFolders(graph: Graph): string[] {
  const arrows = new Map<string, string>()
  for (const [path, targets] of graph) {
    for (const target of targets) {
      const [from, to] = [dirname(path), dirname(target)]
      if (from !== to) arrows.set(`${from} ${to}`, `${path} imports ${target}`)
    }
  }
  return [...arrows].flatMap(([arrow, how]) => {
    const [from, to] = arrow.split(' ') as [string, string]
    const back = arrows.get(`${to} ${from}`)
    const related = from.startsWith(`${to}/`) || to.startsWith(`${from}/`)
    if (from > to || back === undefined || related) return []
    return [`${from}/ and ${to}/ import each other: ${how}, ${back}`]
  })
}

function fullFolders(paths: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count > FILES_PER_FOLDER_MAX)
    .map(([folder, count]) => `${folder}/: ${count} files, at most ${FILES_PER_FOLDER_MAX}`)
}

function repeatedNames(tokens: ReadonlyMap<string, readonly Token[]>): string[] {
  const homes = new Map<string, Set<string>>()
  for (const [path, list] of tokens) {
    if (!SHARED_NAMES.test(path)) continue
    for (const name of exportedNames(list)) homes.set(name, (homes.get(name) ?? new Set()).add(path))
  }
  return [...homes]
    .filter(([name, paths]) => paths.size > 1 && !SAME_NAME_ALLOWED.has(name))
    .map(([name, paths]) => `${name}: is exported by ${[...paths].join(' and ')}`)
}

/** Names that a file declares and exports: `export const x`, `export function x`, `export interface X`, and so on. */
function exportedNames(tokens: readonly Token[]): string[] {
  const skipped = new Set(['async', 'abstract', 'declare'])
  return tokens.flatMap((token, i) => {
    if (!isWord(token, 'export')) return []
    let at = i + 1
    while (tokens[at]?.kind === 'word' && skipped.has(tokens[at]?.text ?? '')) at += 1
    const declares = /^(const|let|function|class|interface|type)$/.test(tokens[at]?.text ?? '')
    const name = tokens[at + 1]?.text === '*' ? tokens[at + 2] : tokens[at + 1]
    return declares && name?.kind === 'word' ? [name.text] : []
  })
}
