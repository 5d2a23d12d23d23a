// Claims of node/cli/start.ts: one signal stops the node in order, a second one leaves at once, and the watchdog hears what
// /livez hears.

import { EventEmitter } from 'node:events'
import test from 'ava'
import { runUntilStopped } from '../../../node/cli/start.ts'

const log = { info: () => undefined, warn: () => undefined }

function world() {
  const signals = new EventEmitter()
  const exits: number[] = []
  const done = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  const stops: string[] = []
  const node = {
    live: () => stops.length === 0,
    done: done.promise,
    stop: async () => {
      stops.push('stop')
      done.resolve()
    },
  }
  const run = (startNode: () => Promise<typeof node> = async () => node) =>
    runUntilStopped(
      () => {
        const starting = startNode()
        started.resolve()
        return starting
      },
      { log, signals, exit: code => void exits.push(code) },
    )
  return { signals, exits, done, started, stops, node, run }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal} stops the node and lets the process end by itself`, async t => {
    const { signals, exits, started, stops, run } = world()
    const running = run()
    await started.promise
    signals.emit(signal)
    await running
    t.deepEqual(stops, ['stop'])
    t.deepEqual(exits, [])
  })
}

test('a second signal leaves at once, with the shell code of the signal', async t => {
  const { signals, exits, done, started, node, run } = world()
  node.stop = async () => undefined
  const running = run()
  await started.promise
  signals.emit('SIGINT')
  signals.emit('SIGINT')
  signals.emit('SIGTERM')
  t.deepEqual(exits, [130, 143])
  done.resolve()
  await running
})

test('a signal during the start stops the node as soon as it has started', async t => {
  const { signals, started, stops, node, run } = world()
  const starting = Promise.withResolvers<typeof node>()
  const running = run(() => starting.promise)
  await started.promise
  signals.emit('SIGTERM')
  t.deepEqual(stops, [])
  starting.resolve(node)
  await running
  t.deepEqual(stops, ['stop'])
})

test('the watchdog is told by the rule of /livez, so that a node that hangs while it ends is started again', async t => {
  const { signals, done, node } = world()
  let live = true
  const told = Promise.withResolvers<() => boolean>()
  const service = { ready: told.resolve, status() {}, stopping() {}, close: async () => {} }
  const running = runUntilStopped(async () => ({ ...node, live: () => live }), {
    ...{ log, signals, service, exit: () => t.fail('it ends by itself') },
  })
  const heard = await told.promise
  t.true(heard())
  live = false
  t.false(heard())
  done.resolve()
  await running
})

test("a node that ends by itself ends the command, and its failure is the command's", async t => {
  const ended = world()
  ended.done.resolve()
  await ended.run()
  t.deepEqual(ended.stops, [])
  const failed = world()
  failed.done.reject(new Error('lost its disk'))
  await t.throwsAsync(failed.run(), { message: 'lost its disk' })
})

test('no listener is left behind, also when the start fails', async t => {
  const { signals, run } = world()
  await t.throwsAsync(
    run(() => Promise.reject(new Error('no port'))),
    { message: 'no port' },
  )
  t.is(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM'), 0)
})

test('a signal ends a start that takes long, as a stop that was asked for', async t => {
  const signals = new EventEmitter()
  const begun = Promise.withResolvers<void>()
  const running = runUntilStopped(
    signal => {
      begun.resolve()
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
    { log, signals, exit: () => t.fail('it ends by itself') },
  )
  await begun.promise
  signals.emit('SIGTERM')
  await t.notThrowsAsync(running)
})

test('a start that fails after a signal for its own reason still says so', async t => {
  const signals = new EventEmitter()
  const begun = Promise.withResolvers<void>()
  const failing = Promise.withResolvers<never>()
  const running = runUntilStopped(
    () => {
      begun.resolve()
      return failing.promise
    },
    { log, signals, exit: () => t.fail('it ends by itself') },
  )
  await begun.promise
  signals.emit('SIGTERM')
  failing.reject(new Error('the disk'))
  await t.throwsAsync(running, { message: 'the disk' })
})
