// @ts-check
/**
 * Follows the node's events. A stream that breaks is opened again after a pause that grows; where as many pages follow
 * as may, the caller polls meanwhile. The heartbeat of the node shows a connection that is dead.
 *
 * @module
 */

import { problemOf } from './api.js'

/** @import { NodeEvent } from '../api/events.ts' */
/**
 * @typedef {{ kind: 'opening' } | { kind: 'live' } | { kind: 'full' } | { kind: 'paused' }
 *   | { kind: 'broken', since: string, retryAt: number }} Connection
 * @typedef {{ since: number, onEvent(event: NodeEvent): void, onGap(): void, onChange(now: Connection): void }} Reader
 */

const PAUSE_MS = 1000
const PAUSE_MS_MAX = 30_000
const FULL_PAUSE_MS = 30_000
/** The node says something every 15 s. */
const SILENCE_MS_MAX = 40_000
const BUFFER_LENGTH_MAX = 4 << 20

/**
 * @param {Reader} reader
 * @returns {{ retry(): void, pause(): void, resume(): void }}
 */
export function followEvents({ since, onEvent, onGap, onChange }) {
  let last = since
  let failures = 0
  /** @type {string | null} */
  let brokenSince = null
  /** @type {AbortController | undefined} */
  let open
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let paused = false

  /** @param {{ id: number, type: string, data: string }} message */
  const take = ({ id, type, data }) => {
    if (type === 'gap') onGap()
    else if (id > last) onEvent(JSON.parse(data))
    last = id
  }
  const live = () => {
    failures = 0
    brokenSince = null
    onChange({ kind: 'live' })
  }
  const run = async () => {
    clearTimeout(timer)
    open = new AbortController()
    const mine = open
    const full = await read(last, { control: mine, live, take }).catch(() => false)
    if (paused || mine !== open) return
    failures += 1
    brokenSince ??= new Date().toISOString()
    const pause = full ? FULL_PAUSE_MS : Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** (failures - 1)) * spread()
    onChange(full ? { kind: 'full' } : { kind: 'broken', since: brokenSince, retryAt: Date.now() + pause })
    timer = setTimeout(run, pause)
  }
  const restart = () => {
    open?.abort()
    void run()
  }
  restart()
  return {
    retry: restart,
    pause: () => {
      paused = true
      clearTimeout(timer)
      open?.abort()
      onChange({ kind: 'paused' })
    },
    resume: () => {
      if (!paused) return
      paused = false
      restart()
    },
  }
}

/**
 * Reads one stream to its end.
 *
 * @param {number} since
 * @param {{ control: AbortController, live(): void, take(message: { id: number, type: string, data: string }): void }} to
 * @returns {Promise<boolean>} whether there was no room for it
 */
async function read(since, { control, live, take }) {
  let silence = setTimeout(() => control.abort(), SILENCE_MS_MAX)
  try {
    const answer = await fetch(`/v1/events?since=${since}`, { signal: control.signal, cache: 'no-store' })
    if (!answer.ok || answer.body === null) return (await problemOf(answer)).code === 'too-many-streams'
    live()
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return false
      clearTimeout(silence)
      silence = setTimeout(() => control.abort(), SILENCE_MS_MAX)
      const blocks = (text + value).split('\n\n')
      text = /** @type {string} */ (blocks.pop())
      if (text.length > BUFFER_LENGTH_MAX) throw new Error('An event is too long')
      for (const block of blocks) {
        const message = parse(block)
        if (message !== null) take(message)
      }
    }
  } finally {
    clearTimeout(silence)
    control.abort()
  }
}

/** @param {string} block @returns {{ id: number, type: string, data: string } | null} null: a comment or a setting */
function parse(block) {
  const fields = new Map(
    block.split('\n').map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()]
    }),
  )
  const data = fields.get('data')
  return data === undefined ? null : { id: Number(fields.get('id')), type: fields.get('event') ?? 'message', data }
}

/** A factor of 0.75 to 1.25, so that many pages do not come back at one moment. */
function spread() {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1))
  return 0.75 + word / 2 ** 33
}
