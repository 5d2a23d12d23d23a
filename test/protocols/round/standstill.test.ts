// Claims: one member that is locked, alone, on a value that the others cannot judge or would not propose themselves stops
// no round: shown the quorum that prevoted it, they vote for it, in both agreements; and a member that decides so without
// the session's data still releases nothing. What one member needs for its RESULT, the others can get.

import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import { decodeResultValue, encodeResultValue, valueId } from '../../../protocols/messages/result-value.ts'
import type { Effect } from '../../../protocols/round/effects.ts'
import { proposerOf } from '../../../protocols/round/facts.ts'
import type { Timer } from '../../../protocols/round/timers.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'

const HASH = sha256(Buffer.from('opened'))
const VIEWS = 12
const MEMBERS = [0, 1, 2, 3]

/** Three honest members whose words arrive at once, and a fourth whose words the test makes. */
class Table {
  readonly benches: readonly RoundHarness[]
  readonly liar: number
  #now = 0
  readonly #due: { bench: RoundHarness; at: number; round: number; timer: Timer }[] = []
  readonly #words: { to: RoundHarness; wire: Uint8Array }[] = []

  constructor() {
    // it proposes in view 0 and falls silent afterwards
    this.liar = new RoundHarness(4).proposer(0)
    const members = [0, 1, 2, 3].filter(member => member !== this.liar)
    this.benches = members.map(member => new RoundHarness(4, {}, member))
    for (const bench of this.benches) this.#carryOut(bench, bench.effects)
  }

  hear(bench: RoundHarness, ...wires: Uint8Array[]): void {
    for (const wire of wires) {
      bench.hear(wire)
      this.#carryOut(bench, bench.effects)
    }
  }

  tick(bench: RoundHarness, timer: Timer): void {
    this.#carryOut(bench, bench.step({ type: 'tick', round: 1, timer }))
  }

  /** The opened sum has become this model. */
  compute(bench: RoundHarness, sid: Uint8Array): void {
    const output = { kind: 'apply', sid: hex(sid), sum: HASH, checkpoint: HASH } as const
    this.#carryOut(bench, bench.step({ type: 'computed', round: 1, output }))
  }

  /** Delivers every word that is on its way. */
  deliver(): void {
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) this.hear(word.to, word.wire)
  }

  /** Everybody hears everybody, and timers end in their order, for so many views. True when done in them. */
  until(done: () => boolean): boolean {
    for (;;) {
      this.deliver()
      if (done()) return true
      this.#due.sort((a, b) => a.at - b.at)
      const next = this.#due.shift()
      if (
        next === undefined ||
        this.benches.some(({ state }) => Math.max(state.commit.view, state.result.view) > VIEWS)
      )
        return false
      this.#now = next.at
      const { round, timer } = next
      this.#carryOut(next.bench, next.bench.step({ type: 'tick', round, timer }))
    }
  }

  #carryOut(bench: RoundHarness, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'schedule' && ['vote', 'wait', 'data', 'reports'].includes(effect.timer.kind)) {
        const { round, timer, afterMs } = effect
        this.#due.push({ bench, at: this.#now + afterMs, round, timer })
      }
      if (effect.type !== 'publish') continue
      for (const to of this.benches) if (to !== bench) this.#words.push({ to, wire: effect.bytes })
    }
  }
}

/**
 * View 0 of an agreement as the liar wants it: the first member alone counts a quorum and is locked, for the third votes
 * for nothing, and the liar tells the others that it does, too. Afterwards the liar is silent.
 */
function lockFirst(table: Table, instance: 'commit' | 'result', value: Uint8Array): void {
  const { benches, liar } = table
  const [first, , third] = benches as [RoundHarness, RoundHarness, RoundHarness]
  const propose = { type: 'propose' as const, instance, view: 0, value, validView: -1, proof: [] }
  const vote = { instance, view: 0 }
  table.tick(third, { kind: 'vote', instance, step: 'propose', view: 0 })
  for (const bench of benches) {
    table.hear(bench, bench.wire(liar, propose))
    table.hear(bench, bench.wire(liar, { ...vote, type: 'prevote', value: bench === first ? valueId(value) : null }))
    if (bench !== first) table.hear(bench, bench.wire(liar, { ...vote, type: 'precommit', value: null }))
  }
  table.deliver()
}

const locks = ({ benches }: Table, instance: 'commit' | 'result') =>
  benches.map(({ state }) => state[instance].locked?.view ?? null)

/** The first agreement is decided everywhere, and everybody but the liar has released. */
function committed(): { table: Table; sid: Uint8Array } {
  const table = new Table()
  const { benches, liar } = table
  const [first] = benches as [RoundHarness]
  const { open, opening, manifests, value } = first.session(MEMBERS)
  const precommits = first.precommits(value, [0, 1, 2])
  const certificate = first.wire(liar, { type: 'certificate', view: 0, value, precommits })
  for (const bench of benches) {
    table.hear(bench, open, ...manifests, certificate)
    for (const { self } of benches) {
      table.hear(bench, bench.wire(self, { type: 'release', sid: opening.sid, key: bench.selfKey(self) }))
    }
  }
  return { table, sid: opening.sid }
}

/** Each member's end of the round. */
const outcomes = ({ benches }: Table) =>
  benches.map(({ state: { round, result, awaited } }) => {
    if (result.decision !== null) return decodeResultValue(result.decision.value).outcome
    return round > 1 || awaited !== null ? 'next round' : 'open'
  })

const hasEnded = (table: Table) => outcomes(table).every(outcome => outcome !== 'open')

test('one member is locked on VOID, and the others compute the sum afterwards: the round ends', t => {
  const { table, sid } = committed()
  for (const bench of table.benches) table.tick(bench, { kind: 'void' })
  lockFirst(table, 'result', encodeResultValue({ outcome: 'void', sid, members: [table.liar] }))
  t.deepEqual(locks(table, 'result'), [0, null, null])
  for (const bench of table.benches) table.compute(bench, sid)
  t.true(
    table.until(() => hasEnded(table)),
    `after ${VIEWS} views: ${outcomes(table)}`,
  )
})

test('one member is locked on RESULT, and another can only say VOID: the round ends with the RESULT', t => {
  const { table, sid } = committed()
  const [first, second, third] = table.benches as [RoundHarness, RoundHarness, RoundHarness]
  for (const bench of [first, second]) table.compute(bench, sid)
  table.tick(third, { kind: 'void' })
  const members = [...MEMBERS]
  const value = {
    outcome: 'result',
    kind: 'training',
    sid,
    sum: HASH,
    checkpoint: HASH,
    members,
    view: 0,
    change: null,
  } as const
  lockFirst(table, 'result', encodeResultValue(value))
  t.deepEqual(locks(table, 'result'), [0, null, null])
  t.true(
    table.until(() => hasEnded(table)),
    `after ${VIEWS} views: ${outcomes(table)}`,
  )
  t.is(third.state.awaited?.checkpoint, hex(HASH), 'it waits for the certified checkpoint')
})

test('a member without any value of its own proposes again what a quorum has prevoted', t => {
  const { table, sid } = committed()
  const [, second] = table.benches as [RoundHarness, RoundHarness]
  const value = encodeResultValue({ outcome: 'void', sid, members: [table.liar] })
  const mine = [1, 2, 3, 4, 5, 6, 7].find(view => second.proposer(view) === second.self) as number
  const vote = { type: 'prevote', instance: 'result', view: 0, value: valueId(value) } as const
  second.say(table.liar, { type: 'propose', instance: 'result', view: 0, value, validView: -1, proof: [] })
  const others = MEMBERS.filter(member => member !== second.self)
  for (const member of others) second.say(member, vote)
  for (const member of others.slice(0, 2)) second.say(member, { ...vote, view: mine, value: null })
  const [again] = second.published('propose')
  t.like(again, { instance: 'result', view: mine, value, validView: 0 })
})

test('a part of the sum is asked for of everybody: a faulty member may have given its own to one of us alone', t => {
  const bench = new RoundHarness(4)
  const { open, opening, manifests, value } = bench.session(MEMBERS)
  for (const wire of [open, ...manifests]) bench.hear(wire)
  const precommits = bench.precommits(value, [0, 1, 2])
  bench.say(bench.proposer(0), { type: 'certificate', view: 0, value, precommits })
  const { sid } = opening
  for (const member of MEMBERS) bench.say(member, { type: 'release', sid, key: bench.selfKey(member) })
  const pulls = bench.effects.filter(effect => effect.type === 'pull')
  t.is(pulls.length, 3)
  for (const { wanted, from } of pulls) {
    t.is(from[0], wanted.kind === 'chunk' ? wanted.member : -1, 'who made it comes first')
    t.deepEqual(
      [...from].sort(),
      MEMBERS.filter(member => member !== bench.self),
    )
  }
})

test('one member is locked on a session whose OPEN another was told differently: it is decided, and not released', t => {
  const table = new Table()
  const { benches, liar } = table
  const [first, second, third] = benches as [RoundHarness, RoundHarness, RoundHarness]
  const contributors = MEMBERS.filter(member => member !== third.self)
  const { open, manifests, loaded, value } = first.session(contributors)
  for (const bench of [first, second]) table.hear(bench, open, ...manifests, ...loaded)
  table.hear(third, first.session(MEMBERS).open)
  lockFirst(table, 'commit', value)
  t.deepEqual(locks(table, 'commit'), [0, null, null])
  const decided = () => benches.every(({ state }) => state.commit.decision !== null)
  t.true(table.until(decided), `after ${VIEWS} views: ${benches.map(({ state }) => state.commit.decision !== null)}`)
  t.is(third.state.commitment, null, 'the decided OPEN is still to come')
  t.true(benches.every(({ state, self }) => !state.own.has(`release/0/${self}`)))
  t.deepEqual(third.hear(open), [], 'it displaces the one that it was told')
  for (const wire of manifests) third.hear(wire)
  t.deepEqual([...(third.state.commitment?.opening.members ?? [])], contributors)
  t.false(third.state.own.has(`release/0/${third.self}`))
  t.is(proposerOf(first.context, 1, 0), liar)
})
