/** Log lines for people: the time of day, what happened, and its figures with their units, one line each. @module */

type Fields = Record<string, unknown>

/** Colours of levels that must catch the eye: yellow and red of ANSI. */
const COLOURS: Readonly<Record<string, string>> = { warn: '\x1b[33m', error: '\x1b[31m', fatal: '\x1b[31m' }
const DIM = '\x1b[2m'
const RESET = '\x1b[0m'
/** The usual level is not named. */
const USUAL_LEVEL = 'info'
const PEER_ID = /^(12D3KooW|Qm|16Uiu2)[1-9A-HJ-NP-Za-km-z]{30,}$/
const PEER_DIGITS = 6
const HEX_ID = /^[0-9a-f]{64}$/
const HEX_DIGITS = 12
const TEXT_MAX = 500
/** Characters that would move the cursor, colour the terminal or turn the direction of the text: peers' words may have them. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu

/**
 * Makes a line for people from a line of `createLogger`.
 *
 * @param line one JSON object; what is none is passed on without control characters
 * @returns one line with its newline, and below it, for a bug, the indented stack
 */
export function textLine(line: string, { colours }: { colours: boolean }): string {
  const fields = parse(line)
  if (fields === null) return `${plain(line)}\n`
  const { level, time, msg, err, ...rest } = fields
  const error = (err ?? null) as Fields | null
  const head = `${timeOfDay(time)} ${level === USUAL_LEVEL ? '' : `${plain(level)}: `}`
  const round = roundText(rest)
  const text = round ?? [plain(msg ?? ''), errorText(error)].filter(part => part !== '').join(': ')
  const figures = round === null ? figuresText(rest) : ''
  const paint = (colour: string | undefined, words: string): string =>
    colours && colour !== undefined && words !== '' ? `${colour}${words}${RESET}` : words
  const stack = typeof error?.['stack'] === 'string' ? error['stack'].split('\n').slice(1) : []
  return [
    `${paint(COLOURS[String(level)], `${head}${text}`)}${figures === '' ? '' : `  ${paint(DIM, figures)}`}`,
    ...stack.map(frame => `    ${plain(frame).trim()}`),
    '',
  ].join('\n')
}

function parse(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null
  } catch {
    return null
  }
}

function timeOfDay(time: unknown): string {
  const date = new Date(String(time))
  if (Number.isNaN(date.getTime())) return '--:--:--'
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}

/** The one line of a finished round; null for any other line. */
function roundText({ study, round, outcome, views, durationMs, bytesSent, contributors }: Fields): string | null {
  if (typeof round !== 'number' || typeof durationMs !== 'number' || (outcome !== 'result' && outcome !== 'void')) {
    return null
  }
  return [
    `${study === undefined ? '' : `${valueText('study', study)}: `}round ${round}`,
    outcome === 'result' ? `${plain(contributors)} hospitals` : 'VOID, without a result',
    quantity('durationMs', durationMs),
    ...(typeof views === 'number' && views > 1 ? [`${views} attempts`] : []),
    ...(typeof bytesSent === 'number' ? [`${quantity('bytesSent', bytesSent)} sent`] : []),
  ].join(', ')
}

function errorText(error: Fields | null): string {
  if (error === null) return ''
  const { message, code, cause } = error
  const words = plain(message ?? '')
  return `${words}${code === undefined ? '' : ` (${plain(code)})`}${cause === undefined ? '' : `, because of ${plain(cause)}`}`
}

function figuresText(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${plain(name)}=${valueText(name, value)}`)
    .join(' ')
}

function valueText(name: string, value: unknown): string {
  if (typeof value === 'number') return quantity(name, value)
  if (typeof value !== 'string') return plain(typeof value === 'object' ? JSON.stringify(value) : value)
  if (PEER_ID.test(value)) return `...${value.slice(-PEER_DIGITS)}`
  if (HEX_ID.test(value)) return value.slice(0, HEX_DIGITS)
  const text = plain(value)
  return /[\s="]|^$/.test(text) ? JSON.stringify(text) : text
}

/** A number with the unit that its field's name ends in. */
function quantity(name: string, value: number): string {
  if (/Ms$|^ms$/.test(name)) return value < 1000 ? `${Math.round(value)} ms` : durationText(value / 1000)
  if (!/bytes/i.test(name)) return String(Number(value.toPrecision(6)))
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), 4)
  return `${Number((value / 1000 ** power).toPrecision(3))} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`
}

function durationText(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`
}

function plain(value: unknown): string {
  const text = String(value).replace(CONTROL, ' ')
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text
}
