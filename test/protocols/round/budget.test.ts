// Claims: a hospital stops contributing when its own privacy budget is spent, still votes, and the others go on; what
// was charged before a crash is charged after it. A hospital contributes only together with those that it requires.

import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { createContext } from '../../../protocols/round/context.ts'
import { begin, step } from '../../../protocols/round/step.ts'
import { firstHead } from '../../../protocols/transcript/head.ts'
import { checkStory, createStory, finish, startAll } from '../../helpers/round/world.ts'
import { testSigners } from '../../helpers/study/study.ts'

const PRIVACY = {
  noise: 'distributed' as const,
  clippingNorm: 1,
  sampleRate: 2 ** 28,
  noiseMultiplier: 1,
  delta: 1e-5,
  epsilon: 3,
  colluders: 1,
}
const STUDY = { rounds: 6, privacy: PRIVACY }

/** A local cap that pays for so many rounds and no more. */
function capFor(rounds: number): number {
  const { noiseMultiplier, delta } = PRIVACY
  return pldEpsilon([{ sampleRate: 2 ** -4, noiseMultiplier, steps: rounds }], { delta })
}

test('a hospital with a stricter cap stops contributing when it is spent, and its refusal says so', t => {
  const cap = capFor(2)
  const story = createStory({ hospitals: 5, study: STUDY, epsilonMax: member => (member === 1 ? cap : undefined) })
  // with the noise on the sums are not those of the inputs: only who contributed is looked at
  startAll(story.world)
  finish(story.world, { withinMs: 120_000 })
  const { disk, notices } = story.world.hospitals[1]!
  t.is(disk.charges.length, 2)
  t.is(disk.links.length, 6)
  t.is(notices.filter(notice => notice.kind === 'refused' && notice.code === 'privacy-budget-exhausted').length, 4)
  t.is(story.world.hospitals[0]!.disk.charges.length, 6)
})

test('when so many budgets are spent that fewer than a quorum contribute, the rest go on all the same', t => {
  const cap = capFor(1)
  const story = createStory({ hospitals: 5, study: STUDY, epsilonMax: member => (member < 2 ? cap : undefined) })
  startAll(story.world)
  finish(story.world, { withinMs: 600_000 })
  for (const { disk } of story.world.hospitals) t.is(disk.links.length, 6)
  t.is(story.world.hospitals[0]!.disk.charges.length, 1)
})

test('charges are counted from the disk: a restart restores none of the budget', t => {
  const cap = capFor(2)
  const story = createStory({ hospitals: 4, study: STUDY, epsilonMax: member => (member === 2 ? cap : undefined) })
  const { world } = story
  startAll(world)
  world.until(() => world.hospitals[2]!.disk.charges.length === 2)
  world.kill(2)
  world.after(4000, () => world.start(2))
  finish(world, { withinMs: 600_000 })
  t.is(world.hospitals[2]!.disk.charges.length, 2)
  t.is(world.hospitals[2]!.state.charges, 2)
})

test('a round that was charged before a crash that its RELEASE did not survive is counted once', t => {
  const cap = capFor(3)
  const study = { ...STUDY, rounds: 3 }
  const story = createStory({ hospitals: 4, study, epsilonMax: member => (member === 1 ? cap : undefined) })
  const { world } = story
  world.crashes = ({ member, alive, state }) =>
    member === 1 && alive && state.round === 2 && state.phase === 'committed' && !state.charged
  startAll(world)
  const victim = world.hospitals[1]!
  world.until(() => !victim.alive)
  // the ledger is synced before everything else of the step
  const sid = victim.state.commitment!.opening.sid
  victim.disk.charges.push({ kind: 'charge', round: 2, sid, contributors: 4 })
  world.after(500, () => world.start(1))
  finish(world, { withinMs: 600_000 })
  t.deepEqual(
    victim.disk.charges.map(({ round }) => round),
    [1, 2, 3],
  )
  t.is(victim.state.charges, 3)
  t.false(victim.notices.some(notice => notice.kind === 'refused' && notice.code === 'privacy-budget-exhausted'))
})

test('rounds that the ledger has charged and the disk lacks are not counted again when they are fetched', t => {
  const story = createStory({ hospitals: 4, study: STUDY })
  const { world } = story
  startAll(world)
  const victim = world.hospitals[2]!
  world.until(() => victim.disk.links.length === 3)
  const { charges } = victim.disk
  const before = charges.map(({ round }) => round)
  t.true(before.length >= 3)
  world.kill(2)
  victim.disk.links.length = 0
  victim.disk.own.clear()
  world.after(4000, () => world.start(2))
  finish(world, { withinMs: 600_000 })
  const rounds = victim.disk.charges.map(({ round }) => round)
  t.is(new Set(rounds).size, rounds.length, `${rounds}`)
  t.deepEqual(rounds.slice(0, before.length), before)
  t.is(victim.state.charges, rounds.length)
})

test('a round that is charged already is not trained for again when the budget ends with it', t => {
  const { document } = createStory({ hospitals: 4, study: { rounds: 6 } })
  const [signer] = testSigners(4)
  const context = { ...createContext({ document, signer: signer! }), chargesMax: 3 }
  const { effects } = begin(
    { head: { ...firstHead(context), round: 4 }, charges: [1, 2, 3].map(round => ({ round })), recall: false },
    context,
  )
  t.false(effects.some(effect => effect.type === 'train'))
  t.true(effects.some(effect => effect.type === 'emit' && effect.notice.kind === 'refused'))
})

test('a hospital does not contribute without those that it requires, and goes on when they are there', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 1 }, timing: { dataBaseMs: 3000 } })
  const { world } = story
  const picky = world.hospitals[0]!
  ;(picky as { context: unknown }).context = { ...picky.context, require: [picky.context.roster.peers[3]!] }
  for (const member of [0, 1, 2]) world.start(member)
  world.after(12_000, () => world.start(3))
  finish(world, { withinMs: 120_000 })
  const [value] = checkStory(t, story)
  t.true(value?.members.includes(0) === false || value?.members.includes(3) === true)
  t.true(picky.notices.some(notice => notice.kind === 'refused' && notice.code === 'policy'))
  for (const [, { length }] of [...picky.vault.inputs]) t.is(length, 62)
})

test('READY waits for the delay that the study sets from the beginning of the round, however fast the training was', t => {
  const { document } = createStory({ hospitals: 4, timing: { trainedDelayMs: 700 } })
  const [signer] = testSigners(4)
  const context = createContext({ document, signer: signer! })
  const begun = begin({ head: firstHead(context), charges: [], recall: false }, context)
  const timer = begun.effects.find(effect => effect.type === 'schedule' && effect.timer.kind === 'trained-delay')
  t.like(timer, { afterMs: 700 })
  const key = new Uint8Array(32).fill(9)
  const prepared = step(begun.state, { type: 'computed', round: 1, output: { kind: 'prepare', key } }, context)
  const trained = step(prepared.state, { type: 'trained', round: 1 }, context)
  t.false(trained.effects.some(effect => effect.type === 'publish'))
  const ended = step(trained.state, { type: 'tick', round: 1, timer: { kind: 'trained-delay' } }, context)
  t.true(ended.effects.some(effect => effect.type === 'publish'))
})
