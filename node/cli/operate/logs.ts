/** `confrere logs`: the end of the node's log file, and what follows. @module */

import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { EXIT, OperatorError } from '../../errors.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { addDataOption, addJsonOption, wholeNumber } from '../options.ts'

const LOG_PATH = join('logs', 'confrere.log')
const LINES_DEFAULT = 100
const LINES_MAX = 100_000
/** Of the end of a file, that lines are looked for in. */
const TAIL_BYTES_MAX = 16 << 20
const POLL_MS = 500

interface LogsOptions {
  data: string
  lines: number
  follow?: true
  json?: true
}

export function addLogs(command: Command): void {
  addJsonOption(addDataOption(command))
    .option('-n, --lines <count>', 'how many of the last lines', wholeNumber(1, LINES_MAX), LINES_DEFAULT)
    .option('-f, --follow', 'go on with what is written from now on')
    .action(logs)
}

/** @throws OperatorError `no-log`, exit code 12 */
async function logs({ data, lines, follow }: LogsOptions): Promise<void> {
  await requireDataFolder(data)
  const file = join(data, LOG_PATH)
  const handle = await open(file, 'r').catch(cause => {
    if (cause.code !== 'ENOENT') throw cause
    throw new OperatorError('no-log', `There is no log file ${file}`, {
      hint: 'A node on a terminal logs there. Under systemd, see "journalctl --unit confrere --follow".',
      exitCode: EXIT.dataUnreadable,
      cause,
    })
  })
  const tail = await tailOf(handle, lines)
  process.stdout.write(tail.text)
  if (follow) await followed({ file, handle, position: tail.position })
  else await handle.close()
}

async function tailOf(handle: FileHandle, lines: number): Promise<{ text: string; position: number }> {
  const { size } = await handle.stat()
  const from = Math.max(0, size - TAIL_BYTES_MAX)
  const text = await textFrom(handle, from, size)
  const all = text.split('\n')
  // the text after the last line break is a line that is being written
  const whole = all.slice(from === 0 ? 0 : 1, -1)
  const last = whole.slice(-lines)
  return {
    text: last.map(line => `${line}\n`).join(''),
    position: size - Buffer.byteLength(all.at(-1) as string),
  }
}

async function textFrom(handle: FileHandle, from: number, to: number): Promise<string> {
  const bytes = Buffer.alloc(Math.max(0, to - from))
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from)
  return bytes.subarray(0, bytesRead).toString()
}

/** Goes on for ever; a file that was put aside is read to its end, and the new one from its beginning. */
async function followed(at: { file: string; handle: FileHandle; position: number }): Promise<never> {
  let { handle, position } = at
  for (;;) {
    const { size, ino } = await handle.stat()
    // cut to nothing by another program
    if (size < position) position = 0
    while (position < size) {
      const text = await textFrom(handle, position, Math.min(size, position + TAIL_BYTES_MAX))
      if (text === '') break
      process.stdout.write(text)
      position += Buffer.byteLength(text)
    }
    const now = await stat(at.file).catch(() => null)
    if (now === null || now.ino === ino) {
      await sleep(POLL_MS)
      continue
    }
    await handle.close()
    handle = await open(at.file, 'r')
    position = 0
  }
}
