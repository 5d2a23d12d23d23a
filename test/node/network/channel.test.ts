// Claim: a channel reads the bytes that were sent, in pieces of any size; a slow or too long frame aborts the stream.

import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import test from 'ava'
import fc from 'fast-check'
import type { Clock } from '../../../node/clock.ts'
import { Channel } from '../../../node/network/channel.ts'
import { ask, reply } from '../../../node/network/request-reply.ts'
import { handClock } from '../../helpers/hand-clock.ts'

async function pairOf(clock: Clock = handClock()): Promise<{ raw: Stream; channel: Channel; read: number[] }> {
  const [raw, inbound] = (await streamPair()) as [Stream, Stream]
  const read: number[] = []
  return { raw, channel: new Channel(inbound, { clock, read: bytes => read.push(bytes), wrote() {} }), read }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

test('frames come out whole, however they are cut', async t => {
  const cuts = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 6 }), cuts, async (frames, pieces) => {
      const { raw, channel, read } = await pairOf()
      const wire = Buffer.concat(
        frames.flatMap(frame => [Uint8Array.of(0, 0, frame.length >> 8, frame.length & 255), frame]),
      )
      for (let at = 0, i = 0; at < wire.length; i++) {
        const end = at + (pieces[i % pieces.length] as number)
        raw.send(wire.subarray(at, end))
        at = end
      }
      for (const frame of frames) {
        if (Buffer.compare(await channel.readFrame(9000, 1000), frame) !== 0) return false
      }
      channel.abort(new Error('done'))
      return read.reduce((sum, bytes) => sum + bytes, 0) === wire.length
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('a frame that is begun and not finished in its time ends the stream; an idle channel may stay', async t => {
  const clock = handClock()
  const { raw, channel } = await pairOf(clock)
  const frame = channel.readFrame(1000, 5000)
  frame.catch(() => {})
  clock.turn(3_600_000)
  t.true(channel.open)
  raw.send(Uint8Array.of(0, 0, 0, 10, 1, 2))
  await settled()
  for (let second = 0; second < 4; second++) {
    clock.turn(1000)
    raw.send(Uint8Array.of(3))
    await settled()
  }
  t.true(channel.open)
  clock.turn(1000)
  await t.throwsAsync(frame, { code: 'too-slow' })
  t.false(channel.open)
})

test('a deadline that passed while this process stood still is given again', async t => {
  const clock = handClock()
  const actions: (() => void)[] = []
  const late: Clock = {
    now: clock.now,
    after: (_, action) => {
      actions.push(action)
      return () => {}
    },
  }
  const { channel } = await pairOf(late)
  const work = channel.within(1000, () => new Promise(() => {}))
  work.catch(() => {})
  clock.turn(60_000)
  actions.shift()?.()
  t.true(channel.open)
  clock.turn(1000)
  actions.shift()?.()
  t.false(channel.open)
})

test('a frame that announces too much is refused before it is read', async t => {
  const { raw, channel } = await pairOf()
  raw.send(Uint8Array.of(255, 255, 255, 255))
  await t.throwsAsync(channel.readFrame(1000, 5000), { code: 'frame-too-long' })
  for (const bytes of [
    [0xff, 0xff, 0xff, 0x7f],
    [0x80, 0x80, 0x80, 0x80, 0x01],
  ]) {
    const { raw, channel } = await pairOf()
    raw.send(Uint8Array.from(bytes))
    await t.throwsAsync(channel.readVarintFrame(1000, 5000), { code: 'frame-too-long' })
  }
})

test('a reader that does not read takes in a bounded number of bytes, and loses none', async t => {
  const { raw, channel } = await pairOf()
  const bytes = Uint8Array.from({ length: 600_000 }, (_, i) => i % 251)
  for (let at = 0; at < bytes.length; at += 1000) {
    raw.send(bytes.subarray(at, at + 1000))
    if (at % 50_000 === 0) await settled()
  }
  await raw.close()
  await settled()
  const got = new Uint8Array(bytes.length)
  await channel.readInto(got)
  t.deepEqual(Buffer.compare(got, bytes), 0)
})

test('one request, one answer; more than a frame, none at all, or a late one are refused', async t => {
  const clock = handClock()
  const answer = async (request: Uint8Array) => Uint8Array.from([...request, 9])
  const limits = { bytesMax: 100, withinMs: 5000 }
  const good = await pairOf(clock)
  const signal = AbortSignal.timeout(5000)
  const served = reply(good.channel, answer, limits)
  t.deepEqual(await ask(new Channel(good.raw), Uint8Array.of(1, 2), { bytesMax: 100, signal }), Uint8Array.of(1, 2, 9))
  await served
  const long = await pairOf(clock)
  long.raw.send(Uint8Array.of(0xe8, 0x07))
  await t.throwsAsync(reply(long.channel, answer, limits), { code: 'frame-too-long' })
  const slow = await pairOf(clock)
  const late = reply(slow.channel, answer, limits)
  late.catch(() => {})
  slow.raw.send(Uint8Array.of(50, 1))
  await settled()
  clock.turn(5000)
  await t.throwsAsync(late, { code: 'too-slow' })
})

test('a stream that stays half open after its answer is cut', async t => {
  const clock = handClock()
  const { raw, channel } = await pairOf(clock)
  raw.send(Uint8Array.of(1, 7))
  await reply(channel, async request => request, { bytesMax: 100, withinMs: 5000 })
  for (let i = 0; i < 100; i++) raw.send(new Uint8Array(1000))
  await settled()
  t.is(raw.status, 'open')
  clock.turn(2000)
  await settled()
  t.not(raw.status, 'open')
})
