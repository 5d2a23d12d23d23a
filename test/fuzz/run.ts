/**
 * Feeds mutated frames to every decoder and reports what came of them, as one line of JSON. A failure names the seed and
 * the frame's number, by which it can be made again, and the frame itself.
 *
 * @module
 */

import { writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { type Frame, frameOf, judge } from '../helpers/round/targets.ts'

const HANG_MS = 5000
const HANG_POLL_MS = 250
const HEAP_EVERY = 256
const FRAME_BYTES_MAX = 4 << 20

export interface FuzzReport {
  readonly seed: number
  readonly frames: number
  readonly seconds: number
  /** the slowest call, and which frame it was */
  readonly msMax: number
  readonly slowest: number
  /** of heap and buffers, the most that was seen in use */
  readonly bytesMax: number
  /** by target, then by outcome */
  readonly outcomes: Record<string, Record<string, number>>
  /** frames by mutation, and how many of them were accepted */
  readonly mutations: Record<string, { frames: number; accepted: number }>
  readonly failure?: string
}

/** The frame under way, for a thread that can still speak when this one hangs. */
class Watch {
  readonly #numbers: Float64Array
  readonly #bytes: Uint8Array

  constructor(shared: SharedArrayBuffer) {
    this.#numbers = new Float64Array(shared, 0, 2)
    this.#bytes = new Uint8Array(shared, 16)
  }

  begin(index: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes)
    this.#numbers[1] = bytes.length
    this.#numbers[0] = index
  }

  current(): { index: number; hex: string } {
    const [index, length] = this.#numbers as unknown as [number, number]
    return { index, hex: Buffer.from(this.#bytes.slice(0, length)).toString('hex') }
  }
}

function describe(seed: number, index: number, what: string, hex: string): string {
  return `${what}\nseed ${seed}, frame ${index}: npm run fuzz -- --seed ${seed} --from ${index} --frames 1\n${hex}`
}

/** Ends the process when one frame takes too long. */
function keepWatch({ shared, seed }: { shared: SharedArrayBuffer; seed: number }): void {
  const watch = new Watch(shared)
  let before = -1
  let since = performance.now()
  setInterval(() => {
    const { index } = watch.current()
    if (index !== before) {
      before = index
      since = performance.now()
    } else if (performance.now() - since > HANG_MS) {
      writeSync(2, `${describe(seed, index, 'a frame that does not end', watch.current().hex)}\n`)
      process.kill(process.pid, 'SIGKILL')
    }
  }, HANG_POLL_MS)
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function fuzz({ seed, from, frames }: { seed: number; from: number; frames: number }, watch: Watch): FuzzReport {
  const outcomes: Record<string, Record<string, number>> = {}
  const mutations: Record<string, { frames: number; accepted: number }> = {}
  const began = performance.now()
  let [msMax, slowest, bytesMax] = [0, 0, 0]
  let failure: string | undefined
  let index = from
  for (; index < from + frames && failure === undefined; index++) {
    const frame = frameOf(seed, index)
    watch.begin(index, frame.bytes)
    const start = performance.now()
    const outcome = outcomeOf(frame)
    const ms = performance.now() - start
    if (ms > msMax) [msMax, slowest] = [ms, index]
    if (index % HEAP_EVERY === 0) bytesMax = Math.max(bytesMax, used())
    if (typeof outcome !== 'string') {
      failure = describe(seed, index, `${frame.target.name}, ${frame.mutation}: ${outcome.error}`, hexOf(frame))
      continue
    }
    outcomes[frame.target.name] ??= {}
    const row = outcomes[frame.target.name] as Record<string, number>
    row[outcome] = (row[outcome] ?? 0) + 1
    mutations[frame.mutation] ??= { frames: 0, accepted: 0 }
    const column = mutations[frame.mutation] as { frames: number; accepted: number }
    column.frames += 1
    if (outcome === 'accepted') column.accepted += 1
  }
  const seconds = (performance.now() - began) / 1000
  return {
    seed,
    frames: index - from,
    seconds,
    msMax,
    slowest,
    bytesMax,
    outcomes,
    mutations,
    ...(failure && { failure }),
  }
}

function outcomeOf({ target, bytes }: Frame): string | { error: unknown } {
  try {
    return judge(target, bytes)
  } catch (error) {
    return { error }
  }
}

function hexOf({ bytes }: Frame): string {
  return Buffer.from(bytes).toString('hex')
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      frames: { type: 'string', default: '1000000' },
    },
  })
  const [seed, from, frames] = [Number(values.seed), Number(values.from), Number(values.frames)]
  // a million stack traces are not what is under test
  Error.stackTraceLimit = frames === 1 ? 20 : 0
  const shared = new SharedArrayBuffer(16 + FRAME_BYTES_MAX)
  const worker = new Worker(new URL(import.meta.url), { workerData: { shared, seed } })
  worker.unref()
  const report = fuzz({ seed, from, frames }, new Watch(shared))
  process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exitCode = report.failure === undefined ? 0 : 1
}

if (isMainThread) main()
else keepWatch(workerData as { shared: SharedArrayBuffer; seed: number })
