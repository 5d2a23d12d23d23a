/**
 * Weighs single calls: how much a decoder allocates for the frames that are made to cost the most. Nothing is collected
 * between the two readings, for the young generation is larger than any call may be: see the test for the flags.
 *
 * @module
 */

import { Dice } from '../helpers/dice.ts'
import { head, Raw, writeCbor } from '../helpers/loose-cbor.ts'
import { judge, TARGETS, type Target } from '../helpers/round/targets.ts'

const PIECE_BYTES_MAX = 1 << 20

export interface Weight {
  readonly target: string
  readonly filler: string
  readonly frameBytes: number
  readonly allocatedBytes: number
  readonly ms: number
  readonly outcome: string
}

const collect = (globalThis as unknown as { gc: (options: { type: 'minor' }) => void }).gc
const dice = new Dice(1, 1)

function repeated(item: string, count: number): Uint8Array {
  const one = Buffer.from(item, 'hex')
  return Buffer.alloc(one.length * count, one)
}

/** The same item as often as fits, in a list that says so. */
function listOf(item: string, bytes: number): Uint8Array {
  const count = Math.max(0, Math.floor((bytes - 5) / (item.length / 2)))
  return Buffer.concat([head(4, count), repeated(item, count)])
}

function keys(bytes: number, length: number): Uint8Array {
  const count = Math.max(1, Math.floor(bytes / (length + 3)))
  const names = Array.from({ length: count }, (_, i) => [i.toString(36).padStart(length, 'k'), 0])
  return writeCbor(Object.fromEntries(names), dice)
}

type Filler = (bytes: number) => Uint8Array
const ITEMS = ['00', '80', 'a0', '40', 'a1616100']
const LIES = ['9b00000000ffffffff', 'bb00000000ffffffff', '5a7fffffff']
const SIZES = [PIECE_BYTES_MAX, 500_000, 60_000, 16_000]

const FILLERS: Readonly<Record<string, Filler>> = {
  ...Object.fromEntries(ITEMS.map(item => [`a list of ${item}`, (bytes: number) => listOf(item, bytes)])),
  ...Object.fromEntries(LIES.map(lie => [`a length of ${lie}`, () => Buffer.from(lie, 'hex')])),
  'lists in lists': bytes => Buffer.concat([repeated('81', bytes), Uint8Array.of(0)]),
  'records in records': bytes => Buffer.concat([repeated('a16161', bytes / 3), Uint8Array.of(0)]),
  'short keys': bytes => keys(bytes, 4),
  'long keys': bytes => keys(bytes, 200),
  'one byte string': bytes => writeCbor(new Uint8Array(bytes), dice),
  'one text': bytes => writeCbor('x'.repeat(bytes), dice),
  'one wide text': bytes => writeCbor('漢'.repeat(bytes / 3), dice),
}

function allocated(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function weigh(target: Target, filler: string, frame: Uint8Array): Weight {
  collect({ type: 'minor' })
  const before = allocated()
  const start = performance.now()
  const outcome = judge({ ...target, check: () => {} }, frame)
  const ms = performance.now() - start
  const allocatedBytes = allocated() - before
  return { target: target.name, filler, frameBytes: frame.length, allocatedBytes, ms, outcome }
}

/** The filler alone, and in place of every field of an honest frame. */
function* framesOf(target: Target, filler: Uint8Array): Generator<Uint8Array> {
  yield target.wrap(filler, dice)
  const seen = new Set<string>()
  for (const { value } of target.samples) {
    if (typeof value !== 'object' || value === null) continue
    for (const name of Object.keys(value)) {
      if (seen.has(name)) continue
      seen.add(name)
      yield target.wrap(writeCbor({ ...value, [name]: new Raw(filler) }, dice), dice)
    }
  }
}

/** Every filler in every place, as large as it is not refused for that alone. */
function weighAll(): Weight[] {
  const weights: Weight[] = []
  for (const target of TARGETS) {
    for (const [name, make] of Object.entries(FILLERS)) {
      for (const size of SIZES) {
        const frames = [...framesOf(target, make(size - 1500))].filter(({ length }) => length <= PIECE_BYTES_MAX)
        const weighed = frames.map(frame => weigh(target, name, frame))
        weights.push(...weighed)
        if (weighed.every(({ outcome }) => outcome !== 'too-large')) break
      }
    }
  }
  return weights
}

Error.stackTraceLimit = 0
const weights = weighAll()
const heaviest = weights.toSorted((a, b) => b.allocatedBytes - a.allocatedBytes).slice(0, 10)
process.stdout.write(`${JSON.stringify({ calls: weights.length, heaviest })}\n`)
