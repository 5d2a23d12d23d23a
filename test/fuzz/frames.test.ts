// Claims: of a million mutated frames, each is decoded or refused by a ProtocolError with one of its decoder's codes,
// within a second, in a process that has 256 MiB of heap; what is decoded has exactly those bytes, and a message among it
// was signed by whom it is taken for. No single frame, whatever it is made of, has a decoder allocate more than 48 MiB.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { CBOR_BYTES_MAX } from '../../protocols/encoding/codec.ts'
import { Dice } from '../helpers/dice.ts'
import { frameOf, judge, TARGETS } from '../helpers/round/targets.ts'
import type { FuzzReport } from './run.ts'
import type { Weight } from './weigh.ts'

const FRAMES = 1_000_000
const CALL_MS_MAX = 1000
const HEAP_MIB_MAX = 256
const CALL_BYTES_MAX = 48 << 20
const MIB = 1 << 20

const run = promisify(execFile)

/** Runs a script of this folder and reads its report; what it wrote is the reason when it dies. */
async function reportOf<T>(script: string, flags: string[], options: string[] = []): Promise<T> {
  const file = join(import.meta.dirname, script)
  try {
    return JSON.parse((await run(process.execPath, [...flags, file, ...options], { maxBuffer: 64 * MIB })).stdout) as T
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    if (!stdout.startsWith('{')) throw new Error(`${script} died: ${error}\n${stderr}`, { cause: error })
    return JSON.parse(stdout) as T
  }
}

test('a million mutated frames are decoded or refused, in time and within 256 MiB', async t => {
  t.timeout(600_000)
  const options = ['--seed', '1', '--frames', String(FRAMES)]
  const report = await reportOf<FuzzReport>('run.ts', [`--max-old-space-size=${HEAP_MIB_MAX}`], options)
  t.is(report.failure, undefined, report.failure)
  t.is(report.frames, FRAMES)
  t.true(report.msMax < CALL_MS_MAX, `frame ${report.slowest} of seed ${report.seed} took ${report.msMax} ms`)
  t.true(report.bytesMax < HEAP_MIB_MAX * MIB, `${report.bytesMax} bytes in use`)
  for (const { name } of TARGETS) {
    const { accepted = 0, ...refusals } = report.outcomes[name] ?? {}
    t.true(accepted > 500, `${name}: ${accepted} accepted`)
    // not only CBOR that cannot be read, but values that can and are not what they should be
    const shapes = Object.keys(refusals).filter(code => !['malformed', 'not-canonical', 'too-large'].includes(code))
    const deep = shapes.reduce((sum, code) => sum + (refusals[code] as number), 0)
    t.true(deep > 500, `${name}: ${deep} refused for what they say`)
  }
  for (const [name, { frames, accepted }] of Object.entries(report.mutations)) {
    t.true(frames > FRAMES / 30, `${name}: ${frames}`)
    // only what a stranger signed is refused although nothing was done to it
    if (name === 'none') t.true(accepted > 0.98 * frames, `${name}: ${accepted} of ${frames}`)
    if (name === 'noise' || name === 'truncate') t.true(accepted < 0.01 * frames, `${name}: ${accepted} of ${frames}`)
  }
  const { seconds, msMax, bytesMax } = report
  t.log(`${FRAMES} frames in ${seconds.toFixed(0)} s, ${msMax.toFixed(0)} ms at most for one, ${bytesMax >> 20} MiB`)
})

test('no frame makes its decoder allocate more than 48 MiB', async t => {
  t.timeout(600_000)
  const flags = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128']
  const { calls, heaviest } = await reportOf<{ calls: number; heaviest: Weight[] }>('weigh.ts', flags)
  t.true(calls > 1000, `${calls}`)
  for (const weight of heaviest) t.true(weight.allocatedBytes < CALL_BYTES_MAX, JSON.stringify(weight))
  const [{ allocatedBytes, frameBytes, target, filler }] = heaviest as [Weight]
  t.true(frameBytes <= CBOR_BYTES_MAX)
  t.log(`at most ${allocatedBytes >> 20} MiB, for ${filler} of ${frameBytes} bytes, ${target}`)
})

test('a frame can be made again from its seed and number, and comes to the same', t => {
  for (let index = 0; index < 300; index++) {
    const [one, again] = [frameOf(7, index), frameOf(7, index)]
    t.deepEqual(again.bytes, one.bytes)
    t.is(judge(again.target, again.bytes), judge(one.target, one.bytes))
  }
  t.notDeepEqual(frameOf(7, 1).bytes, frameOf(8, 1).bytes)
})

test('a decoder that lets another exception out, takes other bytes or gives a reason of its own is found', t => {
  const [target] = TARGETS as [(typeof TARGETS)[number]]
  const bytes = target.wrap(target.samples[0]!.bytes, new Dice(1, 1))
  t.is(judge(target, bytes), 'accepted')
  const broken = (decode: (bytes: Uint8Array) => unknown) => () => judge({ ...target, decode }, bytes)
  t.throws(
    broken(() => {
      throw new TypeError('x is undefined')
    }),
    { message: /TypeError/ },
  )
  t.throws(broken(() => target.decode(target.wrap(target.samples[1]!.bytes, new Dice(1, 1)))))
  const [other] = TARGETS.slice(-1) as [(typeof TARGETS)[number]]
  t.throws(
    broken(() => other.decode(new Uint8Array(1))),
    { message: /code of its own/ },
  )
})
