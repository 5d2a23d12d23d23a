// Claims: one hospital of four or five that lies costs views, never the round, the sum or an honest hospital's name; what
// it says in two ways counts for nothing. (A liar whose chunk's sum is wrong is another matter.)

import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { type Body, type BodyOf, encodeBody, openMessage } from '../../../protocols/messages/messages.ts'
import { proposerOf } from '../../../protocols/round/facts.ts'
import { checkStory, createStory, finish, type Story, startAll } from '../../helpers/round/world.ts'

const HASH = sha256(Buffer.from('a lie'))

/** What a liar tells a member instead of this: null for nothing, undefined for the truth. */
type Lie = (body: Body, to: number) => Body | null | undefined

function lie({ world }: Story, liar: number, tell: Lie): void {
  const { context } = world.hospitals[liar]!
  world.deliver = (from, to, bytes) => {
    if (from !== liar) return true
    const told = tell(openMessage(bytes, context).body, to)
    return told === undefined || (told !== null && context.seal(encodeBody(told)))
  }
}

/** A story of two rounds in which the first proposer of the first round (or a later member) lies. */
function createLie({ hospitals = 4, seed = 0, liar = 0 }: { hospitals?: number; seed?: number; liar?: number }) {
  const story = createStory({ hospitals, seed, study: { rounds: 2 }, timing: { voidAfterMs: 15_000 } })
  const [{ context }] = story.world.hospitals as [(typeof story.world.hospitals)[0]]
  return { story, liar: (proposerOf(context, 1, 0) + liar) % hospitals }
}

function run(story: Story): void {
  startAll(story.world)
  finish(story.world, { withinMs: 600_000 })
}

function blamedBy({ world }: Story, liar: number, code: string): number {
  return world.hospitals.filter(({ blames }) => blames.some(blame => blame.member === liar && blame.code === code))
    .length
}

const is = <T extends Body['type']>(body: Body, type: T): body is BodyOf<T> => body.type === type

test('two OPENs in one view: whoever sees both votes for nothing in it, and the next view goes on without the liar', t => {
  const { story, liar } = createLie({ hospitals: 5 })
  const { world } = story
  lie(story, liar, (body, to) => {
    if (!is(body, 'open') || body.view > 0) return undefined
    // the truth follows the lie
    const bytes = world.hospitals[liar]!.context.seal(encodeBody(body))
    const honest = openMessage(bytes, world.hospitals[to]!.context)
    world.after(20, () => world.step(world.hospitals[to]!, { type: 'received', message: honest }))
    return { ...body, readys: body.readys.slice(1), owners: body.owners.slice(1) }
  })
  run(story)
  const [first] = checkStory(t, story, { liars: [liar] })
  t.is(blamedBy(story, liar, 'equivocation'), 4)
  t.is(first?.outcome === 'result' && first.view, 1)
  t.false(first?.members.includes(liar))
})

test('two OPENs, each to one half: the round ends all the same', t => {
  for (const hospitals of [4, 5]) {
    const { story, liar } = createLie({ hospitals })
    lie(story, liar, (body, to) =>
      is(body, 'open') && to % 2 === 0
        ? { ...body, readys: body.readys.slice(1), owners: body.owners.slice(1) }
        : undefined,
    )
    run(story)
    for (const value of checkStory(t, story, { liars: [liar] })) t.is(value.outcome, 'result')
  }
})

test('two PROPOSEs in one view, of either agreement, are one view lost', t => {
  for (const instance of ['commit', 'result'] as const) {
    const { story, liar } = createLie({})
    const { world } = story
    lie(story, liar, (body, to) => {
      if (!is(body, 'propose') || body.instance !== instance) return undefined
      const bytes = world.hospitals[liar]!.context.seal(encodeBody(body))
      const honest = openMessage(bytes, world.hospitals[to]!.context)
      world.after(1, () => world.step(world.hospitals[to]!, { type: 'received', message: honest }))
      return { ...body, value: HASH }
    })
    run(story)
    for (const value of checkStory(t, story, { liars: [liar] })) t.is(value.outcome, 'result')
    t.true(blamedBy(story, liar, 'equivocation') >= 2, instance)
  }
})

test('a PROPOSE of nonsense, or none, or one before its time costs its view', t => {
  const lies: Lie[] = [
    body => (is(body, 'propose') ? { ...body, value: HASH } : undefined),
    body => (is(body, 'propose') ? null : undefined),
    body =>
      is(body, 'open')
        ? ({ ...body, type: 'propose', instance: 'commit', value: HASH, validView: -1, proof: [] } as unknown as Body)
        : undefined,
    body => (is(body, 'open') ? null : undefined),
  ]
  for (const [index, tell] of lies.entries()) {
    const { story, liar } = createLie({ seed: index })
    lie(
      story,
      liar,
      index === 2
        ? body => {
            const told = tell(body, 0) as (Body & { readys?: unknown; owners?: unknown }) | undefined
            if (told === undefined) return undefined
            const { readys: _, owners: __, ...rest } = told
            return rest as Body
          }
        : tell,
    )
    run(story)
    for (const value of checkStory(t, story, { liars: [liar] })) t.is(value.outcome, 'result', `lie ${index}`)
  }
})

test('a MANIFEST that is not the one that came with the chunks: its sender is left out', t => {
  const { story, liar } = createLie({ hospitals: 5, liar: 2 })
  lie(story, liar, body => (is(body, 'manifest') ? { ...body, root: HASH } : undefined))
  run(story)
  const [first] = checkStory(t, story, { liars: [liar] })
  t.is(first?.outcome, 'result')
  t.false(first?.members.includes(liar))
  t.true(blamedBy(story, liar, 'equivocation') >= 3, 'all who own a chunk')
})

test('an owner whose LOADED is nonsense on some lines is shown to have said two things, and is left out', t => {
  const { story, liar } = createLie({ hospitals: 5, liar: 2 })
  lie(story, liar, body => (is(body, 'loaded') ? { ...body, digest: HASH } : undefined))
  run(story)
  const [first] = checkStory(t, story, { liars: [liar] })
  t.is(first?.outcome === 'result' && first.view, 1)
  t.false(first?.members.includes(liar))
  t.true(blamedBy(story, liar, 'equivocation') >= 1)
})

test('an owner that says that somebody honest is missing loses its chunk; who it names stays', t => {
  const { story, liar } = createLie({ hospitals: 5, liar: 2 })
  const victim = (liar + 1) % 5
  lie(story, liar, body => {
    if (!is(body, 'loaded')) return undefined
    const { digest: _, ...rest } = body
    return { ...rest, type: 'missing', members: [victim] }
  })
  run(story)
  const [first] = checkStory(t, story, { liars: [liar] })
  t.is(first?.outcome, 'result')
  t.true(first?.members.includes(victim))
})

test('a contributor that gives nothing to most owners is left out, to one owner: that one loses its chunk', t => {
  for (const deprived of [1, 4]) {
    const { story, liar } = createLie({ hospitals: 5, liar: 2, seed: deprived })
    const { world } = story
    const others = [0, 1, 2, 3, 4].filter(member => member !== liar).slice(0, deprived)
    world.inspect = (hospital, effect) => {
      if (hospital.member !== liar || effect.type !== 'send' || !others.includes(effect.to)) return
      Object.assign(effect, { sid: 'ff'.repeat(32) })
    }
    run(story)
    const [first] = checkStory(t, story, { liars: [liar] })
    t.is(first?.outcome, 'result')
    t.is(first?.members.includes(liar), deprived === 1)
  }
})

test('a RELEASE that opens nothing is as good as none: VOID names its sender', t => {
  const { story, liar } = createLie({ liar: 1 })
  lie(story, liar, body => (is(body, 'release') && body.round === 1 ? { ...body, key: HASH } : undefined))
  const { world } = story
  // the truth must not come out by anti-entropy
  const hide = world.hospitals[liar]!
  world.inspect = (hospital, effect) => {
    if (hospital === hide && effect.type === 'publish') {
      const { body } = openMessage(effect.bytes, hide.context)
      if (body.type === 'release' && body.round === 1) world.partition([liar])
    }
  }
  world.after(40_000, () => world.heal())
  run(story)
  const [first, second] = checkStory(t, story, { liars: [liar] })
  t.like(first, { outcome: 'void', members: [liar] })
  t.is(second?.outcome, 'result')
})

test('a false RELEASE before the right one does not keep that out', t => {
  const { story, liar } = createLie({ liar: 1 })
  lie(story, liar, body => (is(body, 'release') ? { ...body, key: HASH } : undefined))
  run(story)
  for (const value of checkStory(t, story, { liars: [liar] })) t.is(value.outcome, 'result')
})

test('votes that differ from member to member decide nothing twice and strand nobody', t => {
  for (let seed = 0; seed < 12; seed++) {
    const { story, liar } = createLie({ liar: seed % 4, seed })
    const { world } = story
    lie(story, liar, (body, to) => {
      if (!is(body, 'prevote') && !is(body, 'precommit')) return undefined
      return (to + seed) % 3 === 0 ? undefined : { ...body, value: (to + seed) % 3 === 1 ? null : HASH }
    })
    // one honest member hears the others late, so that it depends on what the liar told it
    const honest = world.deliver
    const slow = (liar + 1 + (seed % 3)) % 4
    world.deliver = (from, to, bytes) =>
      from !== liar && to === slow && openMessage(bytes, world.hospitals[to]!.context).body.type === 'precommit'
        ? false
        : honest(from, to, bytes)
    run(story)
    t.is(checkStory(t, story, { liars: [liar] }).length, 2)
  }
})

test('a false READY, OPEN or proposal by somebody whose turn it is not changes nothing', t => {
  const { story, liar } = createLie({ liar: 1 })
  lie(story, liar, body => (is(body, 'ready') ? { ...body, previous: HASH } : undefined))
  run(story)
  const [first] = checkStory(t, story, { liars: [liar] })
  t.is(first?.outcome, 'result')
  // which honest hospitals judge the READY depends on who proposes, which follows from the study's id
  t.true(blamedBy(story, liar, 'other-result') >= 2)
})
