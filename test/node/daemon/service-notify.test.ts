// Claims of node/daemon/service-notify.ts: systemd hears in order that the node is up, alive, and stops; no word of a peer
// becomes a message of its own; and where systemd is not there or cannot be told, the node goes on.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { createServiceNotifier, type ServiceNotifierParts } from '../../../node/daemon/service-notify.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

function notifier(changes: Partial<ServiceNotifierParts> = {}, environment: Record<string, string> = {}) {
  const sent: string[][] = []
  const warned: string[] = []
  let tick = { ms: 0, call: () => {} }
  const service = createServiceNotifier({
    environment: { NOTIFY_SOCKET: '/run/x', ...environment },
    pid: 7,
    every: (ms, call) => {
      tick = { ms, call }
      return () => {
        tick = { ms: 0, call: () => {} }
      }
    },
    warn: text => void warned.push(text),
    send: async lines => void sent.push([...lines]),
    ...changes,
  })
  return { service, sent, warned, tick: () => tick }
}

test('it says that the node is up, what it does, and that it stops, in this order', async t => {
  const { service, sent, tick } = notifier()
  service.status('reading the records')
  service.ready(() => true)
  service.status('round 3 of 100')
  tick().call()
  service.stopping()
  await service.close()
  // the tick waited for READY=1 and was left out: what it would have said is said by the next message
  t.is(sent[0]!.join(), 'READY=1,STATUS=reading the records')
  t.is(sent.at(-1)!.join(), 'STOPPING=1,STATUS=stopping')
})

test('the watchdog hears from it twice in its time, as long as the node is alive', async t => {
  let alive = true
  const { service, sent, tick } = notifier({}, { WATCHDOG_USEC: '120000000', WATCHDOG_PID: '7' })
  t.is(tick().ms, 60_000)
  tick().call()
  await new Promise(setImmediate)
  service.ready(() => alive)
  await new Promise(setImmediate)
  tick().call()
  await new Promise(setImmediate)
  alive = false
  tick().call()
  await service.close()
  t.deepEqual(sent, [['WATCHDOG=1'], ['READY=1'], ['WATCHDOG=1']])
  t.is(tick().ms, 0)
})

test('a watchdog of another process, or none, hears nothing', async t => {
  for (const environment of [{ WATCHDOG_USEC: '1000', WATCHDOG_PID: '8' }, { WATCHDOG_USEC: 'x' }, {}]) {
    const { service, sent, tick } = notifier({}, environment)
    tick().call()
    service.status('idle')
    tick().call()
    await service.close()
    t.deepEqual(sent, [['STATUS=idle']])
  }
})

test('a line feed in a status begins no assignment, and a long one is cut', async t => {
  const { service, sent } = notifier()
  service.status(`waiting for A\nMAINPID=1\r${'x'.repeat(500)}`)
  service.ready(() => true)
  await service.close()
  t.is(sent[0]!.length, 2)
  t.false(/[\n\r]/.test(sent[0]![1]!))
  t.true(sent[0]![1]!.length < 250)
})

test('what cannot be sent is told once and ends nothing', async t => {
  const { service, warned } = notifier({ send: async () => Promise.reject(new Error('spawn systemd-notify ENOENT')) })
  service.ready(() => true)
  service.stopping()
  await service.close()
  t.deepEqual(warned, ['systemd cannot be told how the node does: spawn systemd-notify ENOENT'])
})

test('without systemd it does nothing', async t => {
  const { service, sent, tick } = notifier({}, { NOTIFY_SOCKET: '' })
  service.ready(() => true)
  service.status('x')
  service.stopping()
  await service.close()
  t.deepEqual(sent, [])
  t.is(tick().ms, 0)
})

/** Answers the barrier as systemd does, by closing the descriptor that comes with it, and prints every message. */
const LISTENER = `
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, ancillary, _, _ = listener.recvmsg(4096, socket.CMSG_SPACE(64))
    for _, kind, payload in ancillary:
        if kind == socket.SCM_RIGHTS:
            for one in array.array('i', payload[:len(payload) // 4 * 4]):
                os.close(one)
    print(data.decode(), flush=True)
`
const there = ['systemd-notify', 'python3'].every(name => spawnSync(name, ['--version']).error === undefined)
const real = there ? test : test.skip

real(
  `systemd-notify brings the messages to a socket${there ? '' : ' (skipped: no systemd-notify or python3)'}`,
  async t => {
    const socket = join(await temporaryFolder(t), 'notify')
    const listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => listener.kill('SIGKILL'))
    let heard = ''
    listener.stdout.on('data', data => {
      heard += data
    })
    await once(listener.stdout, 'data')
    const warned: string[] = []
    const service = createServiceNotifier({
      ...{ environment: { NOTIFY_SOCKET: socket }, pid: process.pid },
      every: () => () => {},
      warn: text => void warned.push(text),
    })
    service.status('-- round 1 of 2')
    service.ready(() => true)
    service.stopping()
    await service.close()
    t.deepEqual(warned, [])
    // systemd-notify waits for the barrier, so that all was read
    const lines = heard.split('\n').filter(line => /^(READY|STATUS|STOPPING)=/.test(line))
    t.deepEqual(lines, ['READY=1', 'STATUS=-- round 1 of 2', 'STOPPING=1', 'STATUS=stopping'])
  },
)
