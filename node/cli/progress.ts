/** Progress of long work, on a terminal alone: a log or a program that reads the output sees none of it. @module */

const BAR_CHARACTERS = 24
const PAUSE_MS = 100

/**
 * A line that is written over itself on stderr and taken away at the end.
 *
 * @param what  plural noun, such as `files`
 * @param now   ms, monotonic
 */
export function progressBar(
  what: string,
  { stream = process.stderr, now = () => performance.now() }: { stream?: NodeJS.WriteStream; now?: () => number } = {},
): (done: number, of: number) => void {
  if (!stream.isTTY) return () => {}
  let last = Number.NEGATIVE_INFINITY
  return (done, of) => {
    const isEnd = done >= of
    if (!isEnd && now() - last < PAUSE_MS) return
    last = now()
    const filled = Math.round((BAR_CHARACTERS * done) / Math.max(1, of))
    const bar = '#'.repeat(filled).padEnd(BAR_CHARACTERS, '.')
    stream.write(isEnd ? '\r\x1b[K' : `\r[${bar}] ${done} of ${of} ${what}\x1b[K`)
  }
}

/** The option of a reading of files. */
export function fileProgress(): { progress: (read: number, of: number) => void } {
  return { progress: progressBar('files') }
}
