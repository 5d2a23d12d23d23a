/** The demonstration's output: redrawn in place on a terminal, line by line elsewhere. @module */

import type { WriteStream } from 'node:tty'
import type { Ink } from './view.ts'

const ESCAPE = '\u001b['
const HIDE_CURSOR = `${ESCAPE}?25l`
const SHOW_CURSOR = `${ESCAPE}?25h`
const COLUMNS_DEFAULT = 100

export interface Screen {
  readonly ink: Ink
  /** whether `draw` shows anything */
  readonly live: boolean
  /** prints lines that stay */
  print(...lines: string[]): void
  /** replaces the previously drawn lines */
  draw(lines: readonly string[]): void
  /** keeps the last picture and restores the terminal */
  release(): void
}

/** @param environment NO_COLOR and TERM=dumb are honoured */
export function createScreen(
  stream: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>,
  environment: NodeJS.ProcessEnv,
): Screen {
  const live = Boolean(stream.isTTY) && environment['TERM'] !== 'dumb'
  const colours = live && !environment['NO_COLOR']
  const paint = (code: number) => (text: string) => (colours ? `${ESCAPE}${code}m${text}${ESCAPE}0m` : text)
  let drawn: readonly string[] = []

  function show(lines: readonly string[]): void {
    const columns = stream.columns || COLUMNS_DEFAULT
    // a wrapped line would take two lines on redrawing
    stream.write(lines.map(line => `${ESCAPE}2K${cut(line, columns - 1)}\n`).join(''))
    drawn = lines
  }

  function erase(): void {
    if (drawn.length > 0) stream.write(`${ESCAPE}${drawn.length}F${ESCAPE}0J`)
  }

  return {
    ink: { strong: paint(1), faint: paint(2), good: paint(32), bad: paint(31) },
    live,
    print(...lines) {
      const below = drawn
      erase()
      drawn = []
      stream.write(lines.map(line => `${line}\n`).join(''))
      if (below.length > 0) show(below)
    },
    draw(lines) {
      if (!live) return
      if (drawn.length === 0) stream.write(HIDE_CURSOR)
      erase()
      show(lines)
    },
    release() {
      if (drawn.length > 0) stream.write(SHOW_CURSOR)
      drawn = []
    },
  }
}

/** Cuts a line to a width on the screen; colour codes have no width. */
export function cut(line: string, columns: number): string {
  let width = 0
  let text = ''
  let coloured = false
  for (const [part] of line.matchAll(new RegExp(`${ESCAPE.replace('[', '\\[')}\\d+m|.`, 'gsu'))) {
    if (part.startsWith(ESCAPE)) {
      coloured = part !== `${ESCAPE}0m`
    } else {
      width += 1
      if (width > columns) break
    }
    text += part
  }
  return coloured ? `${text}${ESCAPE}0m` : text
}
