/**
 * A small tokenizer of TypeScript, which separates code from comments, strings, templates and regular expressions, so
 * that rules about code ignore comments. TypeScript 7 has no stable API for this yet.
 *
 * @module
 */

export interface Token {
  /** the text of a template is `template`; code inside its ${ } has tokens of its own */
  readonly kind: 'word' | 'string' | 'template' | 'regex' | 'number' | 'mark'
  /** words and marks as written; strings and templates without quotes, escapes as written */
  readonly text: string
  readonly line: number
}

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy
const NUMBER = /\.?\d(?:[eE][+-]|[\w.])*/y
const LINE_COMMENT = /\/\/[^\n]*/y
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y
const STRING = /'((?:\\[\s\S]|[^'\\\n])*)'|"((?:\\[\s\S]|[^"\\\n])*)"/y
const REGEX = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const TEMPLATE_PART = /((?:\\[\s\S]|\$(?!\{)|[^`\\$])*)(`|\$\{)/y
const SHEBANG = /^#![^\n]*/
/** Marks, longest first; only those that rules use are matched whole. */
const MARK = /\?\.(?!\d)|=>|\.\.\.|\*\*|\+\+|--|[\s\S]/y

/** Words after which a slash begins a regular expression; after any other word it is a division. */
const BEFORE_REGEX = new Set(
  'return typeof case in of delete void instanceof new throw else do await yield default export'.split(' '),
)

/** Splits a source into tokens, without whitespace and comments. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  /** the kind of each open brace: a block, or the ${ of a template */
  const braces: ('block' | 'template')[] = []
  let at = SHEBANG.exec(source)?.[0].length ?? 0
  let line = 1

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found === null) return null
    at += found[0].length
    return found
  }
  const push = (kind: Token['kind'], text: string, written: string): void => {
    tokens.push({ kind, text, line })
    line += newlines(written)
  }
  const templatePart = (): void => {
    const found = match(TEMPLATE_PART)
    if (found === null) throw new Error(`line ${line}: a template does not end`)
    push('template', found[1] ?? '', found[0])
    if (found[2] === '${') braces.push('template')
  }

  while (at < source.length) {
    const skipped = match(/\s+/y) ?? match(LINE_COMMENT) ?? match(BLOCK_COMMENT)
    if (skipped !== null) {
      line += newlines(skipped[0])
      continue
    }
    const text = match(STRING)
    if (text !== null) {
      push('string', text[1] ?? text[2] ?? '', text[0])
      continue
    }
    const regex = source[at] === '/' && regexMayBegin(tokens.at(-1)) ? match(REGEX) : null
    const word = regex ?? match(WORD)
    const plain = word ?? match(NUMBER)
    if (plain !== null) {
      push(regex === null ? (word === null ? 'number' : 'word') : 'regex', plain[0], plain[0])
      continue
    }
    const mark = match(MARK)![0]
    if (mark === '`') templatePart()
    else if (mark === '}' && braces.pop() === 'template') templatePart()
    else {
      if (mark === '{') braces.push('block')
      push('mark', mark, mark)
    }
  }
  return tokens
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}

function regexMayBegin(before: Token | undefined): boolean {
  switch (before?.kind) {
    case undefined:
      return true
    case 'mark':
      return ![')', ']', '}', '++', '--'].includes(before.text)
    case 'word':
      return BEFORE_REGEX.has(before.text)
    default:
      return false
  }
}
