// Claims: one opened session per update leaks nothing to t colluding hospitals, whatever else was masked and left; a
// hospital that releases in two views, a subset opened again with the same updates, a session that nobody decided to
// open, and a contributor left alone among colluders are all caught; in a world as well as on paper.

import test from 'ava'
import fc from 'fast-check'
import { sha256 } from '../../../crypto/hash.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import { DifferencingOracle } from '../../../sim/checkers/differencing.ts'
import { NO_DIFFERENCE } from '../../../sim/checkers/no-difference.ts'
import { World } from '../../../sim/world/world.ts'
import { startAll } from '../../helpers/round/world.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const ALL = ['a', 'b', 'c', 'd']

/** A session in which everybody's masked vector has left. */
function open(
  oracle: DifferencingOracle,
  sid: string,
  members: readonly string[],
  update = (one: string) => one,
): void {
  oracle.opens(sid, members)
  for (const one of members) {
    oracle.masks(sid, one, update(one))
    oracle.exposes(sid, one)
  }
}

function releaseAll(oracle: DifferencingOracle, sid: string, members: readonly string[]): void {
  for (const one of members) oracle.releases(sid, one)
}

test('one decided session opens, others stay shut: nothing leaks, whoever colludes', t => {
  const oracle = new DifferencingOracle()
  open(oracle, 'view 0', ALL)
  open(oracle, 'view 1', ['a', 'b', 'c'])
  releaseAll(oracle, 'view 1', ['a', 'b', 'c'])
  for (const coalition of [[], ['a'], ['b'], ['c'], ['d']]) t.is(oracle.leak(coalition, new Set(['view 1'])), null)
})

test('rounds with new updates have nothing to do with each other', t => {
  const oracle = new DifferencingOracle()
  for (const round of ['1', '2']) {
    const members = round === '1' ? ALL : ['a', 'b', 'c']
    open(oracle, round, members, one => `${one} in ${round}`)
    releaseAll(oracle, round, members)
  }
  t.is(oracle.leak(['d'], new Set(['1', '2'])), null)
})

test('control: releases in two views show the difference', t => {
  const oracle = new DifferencingOracle()
  open(oracle, 'view 0', ALL)
  open(oracle, 'view 1', ['a', 'b', 'c'])
  releaseAll(oracle, 'view 0', ALL)
  releaseAll(oracle, 'view 1', ['a', 'b', 'c'])
  t.regex(oracle.leak([], new Set(['view 0', 'view 1']))?.what ?? '', /2 independent sums/)
})

test('control: one hospital that releases in two views is seen where all others do as well, or collude', t => {
  const oracle = new DifferencingOracle()
  const three = ['a', 'b', 'c']
  open(oracle, 'view 0', three)
  open(oracle, 'view 1', ['a', 'b', 'd'])
  // c and d collude and know their own parts; b has released in one view only
  releaseAll(oracle, 'view 0', ['a', 'b', 'c'])
  oracle.releases('view 1', 'a')
  t.is(oracle.leak(['c', 'd'], new Set(['view 0'])), null)
  oracle.releases('view 1', 'b')
  // the same sum of a and b twice: nothing new
  t.is(oracle.leak(['c', 'd'], new Set(['view 0'])), null)
  t.regex(oracle.leak(['d'], new Set(['view 0']))?.what ?? '', /2 independent sums/)
})

test('control: a subset that is opened again with the same updates, in another round', t => {
  const oracle = new DifferencingOracle()
  open(oracle, 'round 1', ALL)
  releaseAll(oracle, 'round 1', ALL)
  open(oracle, 'round 2', ['a', 'b', 'c'])
  releaseAll(oracle, 'round 2', ['a', 'b', 'c'])
  t.regex(oracle.leak([], new Set(['round 1', 'round 2']))?.what ?? '', /2 independent sums/)
  t.deepEqual(oracle.leak([], new Set(['round 1', 'round 2']))?.sessions, ['round 1', 'round 2'])
})

test('control: a VOID round whose only key missing is a colluder’s opens all the same', t => {
  const oracle = new DifferencingOracle()
  open(oracle, 'void', ALL)
  releaseAll(oracle, 'void', ['a', 'b', 'c'])
  t.is(oracle.leak([], new Set()), null)
  t.is(oracle.leak(['d'], new Set(['void'])), null, 'the sum of the others, which a quorum has decided on')
  open(oracle, 'again', ['a', 'b'])
  releaseAll(oracle, 'again', ['a', 'b'])
  t.not(oracle.leak(['d'], new Set(['void', 'again'])), null)
})

test('control: a session that nobody has decided to open, and a contributor alone among colluders', t => {
  const oracle = new DifferencingOracle()
  open(oracle, 'view 0', ALL)
  releaseAll(oracle, 'view 0', ALL)
  t.regex(oracle.leak([], new Set())?.what ?? '', /no quorum has decided/)
  t.regex(oracle.leak(['a', 'b', 'c'], new Set(['view 0']))?.what ?? '', /no quorum has decided/)
})

test('whatever is masked and withheld: with one session open, any coalition learns at most its sum', t => {
  const subset = fc.subarray(ALL, { minLength: 3 })
  fc.assert(
    fc.property(
      fc.array(subset, { minLength: 1, maxLength: 4 }),
      fc.nat(3),
      fc.subarray(ALL, { maxLength: 1 }),
      (views, at, coalition) => {
        const oracle = new DifferencingOracle()
        const chosen = at % views.length
        for (const [view, members] of views.entries()) open(oracle, `${view}`, members)
        releaseAll(oracle, `${chosen}`, views[chosen] as string[])
        t.is(oracle.leak(coalition, new Set([`${chosen}`])), null)
      },
    ),
  )
})

/** Three rounds of four hospitals, of whom one is away in the second. */
function play(update: (index: number, round: number) => number): void {
  const signers = testSigners(4)
  const document = testStudy(signers, { rounds: 3, timing: TIMING_LAN })
  const { dimension } = planStudy(document)
  const world = new World({
    document,
    signers,
    seed: sha256(Buffer.from('differences')),
    update: (index, round) => new Int32Array(dimension).fill(update(index, round)),
    checkers: [NO_DIFFERENCE()],
  })
  startAll(world)
  const rounds = (count: number) => () => world.hospitals.some(({ disk }) => disk.links.length >= count)
  world.until(rounds(1))
  world.kill(3)
  world.until(rounds(2))
  world.start(3)
  world.until(() => world.hospitals.every(({ state }) => state.phase === 'finished'), { withinMs: 3_600_000 })
  world.end()
}

test('in a world: new updates in every round leak nothing, the same ones show who was away', t => {
  t.notThrows(() => play((index, round) => 1000 * round + index))
  t.throws(() => play(index => 1000 + index), { message: /independent sums of the same updates/ })
})
