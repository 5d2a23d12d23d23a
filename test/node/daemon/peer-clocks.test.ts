// Claims of node/daemon/peer-clocks.ts: a wrong clock is told by its own node and by the others, who name it; a node whose clock
// is right is never said to be wrong by less than half of the others; setting the clock ends it, without another hello.

import test from 'ava'
import fc from 'fast-check'
import { PeerClocks } from '../../../node/daemon/peer-clocks.ts'

const HOUR_MS = 3600_000
const START = Date.UTC(2026, 2, 1)

/** A machine whose clock is off by so much. */
function machine(offMs: number) {
  const state = { offMs, passedMs: 0 }
  const clocks = new PeerClocks({
    now: () => START + state.passedMs + state.offMs,
    monotonic: () => 5000 + state.passedMs,
  })
  return { clocks, state }
}

const siteOf = (peer: string): string => `Hospital ${peer}`

test('of three clocks the one that is two hours ahead is told by its own node and named by both others', t => {
  const offs = [0, 0, 2 * HOUR_MS]
  const told = offs.map((off, self) => {
    const { clocks } = machine(off)
    offs.forEach((other, at) => void (at !== self && clocks.heard(String(at), START + other)))
    return clocks.problems(siteOf).map(({ code, message }) => `${code}: ${message}`)
  })
  const named = "peer-clock-differs: The clock of Hospital 2 is 120 minutes ahead of this machine's"
  const own = 'clock-differs: The clock of this machine is 120 minutes ahead of those of the other hospitals'
  t.deepEqual(told, [[named], [named], [own]])
})

test('of two clocks each node tells how the other differs, and says of neither that it is wrong', t => {
  const { clocks } = machine(0)
  clocks.heard('1', START - HOUR_MS)
  t.is(clocks.problems(siteOf)[0]?.message, "The clock of Hospital 1 is 60 minutes behind this machine's")
})

test('a clock that is set right ends the problem at once, and one that stays wrong keeps its time', t => {
  const { clocks, state } = machine(2 * HOUR_MS)
  for (const other of ['1', '2']) clocks.heard(other, START)
  const [first] = clocks.problems(siteOf)
  state.passedMs += HOUR_MS
  t.deepEqual(clocks.problems(siteOf), [first!])
  state.offMs = 0
  t.deepEqual(clocks.problems(siteOf), [])
  t.is(clocks.differenceMs(), 0)
})

test('what was heard a day ago says nothing any more', t => {
  const { clocks, state } = machine(0)
  clocks.heard('1', START + HOUR_MS)
  state.passedMs += 25 * HOUR_MS
  t.is(clocks.differenceMs(), null)
  t.deepEqual(clocks.problems(siteOf), [])
})

test('a right clock among others of which more than half are right is never called wrong', t => {
  const off = fc.integer({ min: -HOUR_MS * 48, max: HOUR_MS * 48 })
  fc.assert(
    fc.property(fc.array(off, { maxLength: 10 }), wrong => {
      const { clocks } = machine(0)
      wrong.forEach((ms, at) => void clocks.heard(`wrong-${at}`, START + ms))
      for (let at = 0; at < wrong.length; at++) clocks.heard(`right-${at}`, START)
      t.true(clocks.problems(siteOf).every(({ code }) => code !== 'clock-differs'))
    }),
  )
})
