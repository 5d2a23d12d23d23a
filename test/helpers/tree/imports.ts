/** Finds the imports of a source, from its tokens. @module */

import type { Token } from './tokens.ts'

export interface Import {
  /** undefined when it is computed at run time */
  readonly specifier: string | undefined
  /** only types, which are erased before the program runs */
  readonly typeOnly: boolean
  /** an `export … from` */
  readonly reexport: boolean
  readonly line: number
}

/**
 * Every static import and re-export, `import()`, `require()`, and the files named in `new URL('./file.ts', …)` (a
 * worker's entry).
 *
 * `import { type T } from 'x'` counts as an import of values: with verbatimModuleSyntax it still loads x.
 */
export function importsOf(tokens: readonly Token[]): Import[] {
  return tokens.flatMap((token, i): Import[] => {
    if (token.kind !== 'word' || isMember(tokens, i)) return []
    switch (token.text) {
      case 'import':
        return importAt(tokens, i)
      case 'export':
        return reexportAt(tokens, i)
      case 'require':
        return isMark(tokens[i + 1], '(') ? [called(tokens, i, false)] : []
      case 'new':
        return isWord(tokens[i + 1], 'URL') ? urlsAt(tokens, i + 2) : []
      default:
        return []
    }
  })
}

function importAt(tokens: readonly Token[], i: number): Import[] {
  const next = tokens[i + 1]
  if (next === undefined || isMark(next, '.') || isMark(next, ':')) return []
  if (isMark(next, '(')) return [called(tokens, i, isWord(tokens[i - 1], 'typeof'))]
  if (next.kind === 'string') return [found(next, tokens[i]!, { typeOnly: false, reexport: false })]
  const typeOnly = isWord(next, 'type') && !isWord(tokens[i + 2], 'from') && !isMark(tokens[i + 2], ',')
  const from = fromClause(tokens, i + 1)
  return from === undefined ? [] : [found(from, tokens[i]!, { typeOnly, reexport: false })]
}

function reexportAt(tokens: readonly Token[], i: number): Import[] {
  const typeOnly = isWord(tokens[i + 1], 'type')
  const open = tokens[typeOnly ? i + 2 : i + 1]
  if (!isMark(open, '{') && !isMark(open, '*')) return []
  const from = fromClause(tokens, i + 1)
  return from === undefined ? [] : [found(from, tokens[i]!, { typeOnly, reexport: true })]
}

/** The string after `from`, if only tokens of an import or export clause precede it. */
function fromClause(tokens: readonly Token[], start: number): Token | undefined {
  for (let i = start; i < tokens.length; i++) {
    const token = tokens[i]!
    if (isWord(token, 'from') && tokens[i + 1]?.kind === 'string') return tokens[i + 1]
    // a string may be an export's name; only these marks occur in a clause
    if (token.kind === 'mark' ? !'{},*'.includes(token.text) : token.kind !== 'word' && token.kind !== 'string') break
  }
  return undefined
}

function called(tokens: readonly Token[], i: number, typeOnly: boolean): Import {
  const argument = tokens[i + 2]
  const whole = isMark(tokens[i + 3], ')') || isMark(tokens[i + 3], ',')
  const constant = (argument?.kind === 'string' || argument?.kind === 'template') && whole
  return {
    specifier: constant ? argument.text : undefined,
    typeOnly,
    reexport: false,
    line: tokens[i]!.line,
  }
}

function urlsAt(tokens: readonly Token[], open: number): Import[] {
  const urls: Import[] = []
  let depth = 0
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i]!
    if (isMark(token, '(')) depth += 1
    if (isMark(token, ')')) depth -= 1
    if (depth === 0) break
    if ((token.kind === 'string' || token.kind === 'template') && /^\.\.?\/.*\.[cm]?[jt]s$/.test(token.text)) {
      urls.push(found(token, token, { typeOnly: false, reexport: false }))
    }
  }
  return urls
}

function found(from: Token, at: Token, rest: Pick<Import, 'typeOnly' | 'reexport'>): Import {
  return { specifier: from.text, ...rest, line: at.line }
}

/** Whether the token is a property access: `x.import`, `x?.require`. */
export function isMember(tokens: readonly Token[], i: number): boolean {
  return isMark(tokens[i - 1], '.') || isMark(tokens[i - 1], '?.')
}

export function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text
}

export function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text
}
