// Claims of node/http/event-feed.ts: ids without a hole, replay, a gap where something is lost, and no reader that is slow
// or one of too many costs anything.

import test from 'ava'
import { EVENT_SCHEMA } from '../../../node/http/api/events.ts'
import { EVENT_STREAMS_MAX } from '../../../node/http/event-feed.ts'
import { appForTest, HOSTILE_NAME, handFeed, LOCAL, PEER, STUDY } from '../../helpers/http/filled-view.ts'

const EMPTY = 'retry: 2000\n\n'

/** What a reader has been sent since it last looked. Its stream stays open. */
async function held(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  let text = ''
  for (;;) {
    const pending = unanswered.get(reader) ?? reader.read()
    const next = await Promise.race([pending, new Promise<null>(resolve => setImmediate(() => resolve(null)))])
    // a read without an answer would take the next chunk with it
    if (next === null) unanswered.set(reader, pending)
    else unanswered.delete(reader)
    if (next === null || next.done) return text
    text += new TextDecoder().decode(next.value)
  }
}
const unanswered = new WeakMap<object, ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>()

const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))

test('a reader gets what comes after it has come, one number after the other', async t => {
  const { feed, time } = handFeed(5000)
  feed.emit({ type: 'node', text: 'before' })
  const reader = feed.open(null)!.getReader()
  time.now = 6000
  feed.emit({ type: 'round', text: 'Round 3 is finished', study: STUDY })
  feed.emit({ type: 'peers', text: 'Hospital B is back', peer: PEER })
  const text = await held(reader)
  t.deepEqual(ids(text), [5002, 5003])
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => EVENT_SCHEMA.parse(JSON.parse(data!)))
  t.like(events[0], { id: 5002, at: '1970-01-01T00:00:06.000Z', type: 'round', study: STUDY, peer: null })
  t.is(feed.last, 5003)
})

test('a reader that comes back gets what it missed, and nothing twice', async t => {
  const { feed } = handFeed(0)
  for (let i = 0; i < 5; i++) feed.emit({ type: 'node', text: `${i}` })
  t.deepEqual(ids(await held(feed.open(2)!.getReader())), [3, 4, 5])
  t.deepEqual(ids(await held(feed.open(0)!.getReader())), [1, 2, 3, 4, 5])
  t.is(await held(feed.open(5)!.getReader()), EMPTY)
})

test('a reader that was away too long, or comes from another start of the node, is told of the gap', async t => {
  const { feed } = handFeed(0)
  const gap = (last: number) => `${EMPTY}event: gap\nid: ${last}\ndata: {"lastEvent":${last}}\n\n`
  for (let i = 0; i < 1001; i++) feed.emit({ type: 'node', text: 'x' })
  t.is(await held(feed.open(0)!.getReader()), gap(1001))
  t.is(ids(await held(feed.open(1)!.getReader())).length, 1000)
  t.is(await held(feed.open(1002)!.getReader()), gap(1001), 'ahead: the clock was set back')
  const restarted = handFeed(2000).feed
  t.is(await held(restarted.open(1001)!.getReader()), gap(2000))
})

test('a text cannot end its line and begin another field', async t => {
  const { feed } = handFeed(0)
  const reader = feed.open(null)!.getReader()
  feed.emit({ type: 'contacts', text: `${HOSTILE_NAME}\u2028\u2029\r\revent: gap` })
  const lines = (await held(reader)).split(/\r\n|\r|\n/)
  t.is(lines.filter(line => line.startsWith('event:')).length, 0)
  t.is(lines.filter(line => line.startsWith('data:')).length, 1)
})

test('all kept events are replayed at once, also when a peer has chosen the worst texts', async t => {
  const { feed } = handFeed(1e12)
  for (let i = 0; i < 1001; i++) feed.emit({ type: 'round', text: '\u0001'.repeat(1000), study: STUDY, peer: PEER })
  const replayed = feed.open(feed.last - 1000, () => t.fail('dropped'))!
  t.is(ids(await held(replayed.getReader())).length, 1000)
  t.is(feed.readers, 1)
})

test('a comment is sent now and then, and no timer runs while nobody reads', async t => {
  const { feed, beat, beating } = handFeed(0)
  t.is(beating(), null)
  const first = feed.open(null)!.getReader()
  const second = feed.open(null)!.getReader()
  beat()
  t.is(await held(first), `${EMPTY}: still here\n\n`)
  await first.cancel()
  t.is(beating(), 15_000)
  await second.cancel()
  t.is(beating(), null)
  t.is(feed.readers, 0)
})

test('a reader that does not read is dropped, and keeps nobody else', async t => {
  const { feed } = handFeed(0)
  let dropped = 0
  const slow = feed.open(null, () => dropped++)!
  const reset = feed.open(null)!.getReader()
  const quick = feed.open(null)!.getReader()
  let read = 0
  for (let i = 0; dropped === 0 && i < 10_000; i++) {
    for (let j = 0; j < 100; j++) feed.emit({ type: 'node', text: 'x'.repeat(1000) })
    read += ids(await held(quick)).length
  }
  t.is(dropped, 1)
  t.is(feed.readers, 1, 'one of the two was dropped by its connection, the other by its stream')
  await t.throwsAsync(async () => await held(reset), { message: /too slow/ })
  t.is(read, feed.last)
  await slow.cancel()
  await quick.cancel()
})

test('one reader more than there may be is refused, and may come when another goes', async t => {
  const { app, feed } = appForTest()
  const open = () => app.request('/v1/events', { headers: LOCAL })
  const streams = await Promise.all(Array.from({ length: EVENT_STREAMS_MAX }, open))
  t.true(streams.every(({ status }) => status === 200))
  const refused = await open()
  t.is(refused.status, 503)
  t.like(await refused.json(), { code: 'too-many-streams' })
  await streams[0]!.body!.cancel()
  const next = await open()
  t.is(next.status, 200)
  t.is(next.headers.get('content-type'), 'text/event-stream')
  feed.close()
  t.is(feed.readers, 0)
  t.is((await next.text()).trim(), EMPTY.trim())
})

test('the header of a browser that comes back counts more than the query of its first time', async t => {
  const { app, feed } = appForTest()
  for (let i = 0; i < 3; i++) feed.emit({ type: 'node', text: 'x' })
  const first = feed.last - 2
  const open = async (query: string, headers: Record<string, string> = {}) => {
    const answer = await app.request(`/v1/events${query}`, { headers: { ...LOCAL, ...headers } })
    return answer.status === 200 ? ids(await held(answer.body!.getReader())) : answer.status
  }
  t.deepEqual(await open(`?since=${first}`), [first + 1, first + 2])
  t.deepEqual(await open(`?since=${first}`, { 'last-event-id': String(first + 1) }), [first + 2])
  t.is(await open('?since=x'), 400)
  t.is(await open('', { 'last-event-id': '-1' }), 400)
  t.is((await app.request('/v1/events', { method: 'HEAD', headers: LOCAL })).status, 200)
  t.is(feed.readers, 2, 'a HEAD request opens no stream')
})
