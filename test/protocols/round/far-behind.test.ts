// Claims: a hospital that was away for many more rounds than one answer holds catches up page by page, pulls one
// checkpoint at the end and finishes with the others; killed on the way it resumes where it was; a liar whose pages do
// not advance, or are invalid, neither stops it nor is asked without end.

import test, { type ExecutionContext } from 'ava'
import type { Effect } from '../../../protocols/round/effects.ts'
import { decodeSummary, encodeSync, type Fill } from '../../../protocols/sync/anti-entropy.ts'
import { SYNC_LINKS_MAX } from '../../../protocols/sync/limits.ts'
import { encodeLink, type Link } from '../../../protocols/transcript/link.ts'
import type { Adversary } from '../../../sim/world/adversary.ts'
import type { SimulatedHospital } from '../../../sim/world/hospital.ts'
import { Random } from '../../../sim/world/random.ts'
import { createKeyring } from '../../../sim/world/signer.ts'
import type { Snapshot } from '../../../sim/world/world.ts'
import {
  checkEffect,
  checkStory,
  createStory,
  finish,
  type Story,
  type StoryOptions,
  startAll,
} from '../../helpers/round/world.ts'
import type { StudyChanges } from '../../helpers/study/study.ts'

const AWAY = 3
/** as many as a node keeps on its disk */
const CHECKPOINTS_KEPT = 8
const LIAR = 2
const TINY: StudyChanges = { contract: { kind: 'vector', shape: [2], classes: ['no', 'yes'] } }

interface Watched {
  pulled: number
  pages: number
  /** who was asked for a next page, in order */
  asked: number[]
}

/** What the hospitals held when one had been away for that long; run once, for it is most of the work. */
interface History {
  readonly snapshots: readonly Snapshot[]
  readonly story: Story
}

const ROUNDS = 600
const OPTIONS: StoryOptions = {
  hospitals: 4,
  keyring: createKeyring(4, new Random('far behind')),
  study: { ...TINY, rounds: ROUNDS + 12 },
}
let history: History | undefined

function historyOfRounds(): History {
  if (history !== undefined) return history
  const story = createStory(OPTIONS)
  const { world } = story
  world.inspect = (hospital, effect) => {
    if (effect.type === 'store') forgetOldCheckpoints(hospital)
  }
  startAll(world)
  world.until(() => world.hospitals[AWAY]!.disk.links.length >= 2)
  world.kill(AWAY)
  world.until(() => world.hospitals[0]!.disk.links.length >= ROUNDS, { withinMs: 1e9 })
  for (const member of [0, 1, 2]) world.kill(member)
  history = { story, snapshots: world.hospitals.map(({ index }) => world.snapshot(index)) }
  return history
}

/** Three hospitals go on after 600 rounds, with few old checkpoints; the one that was away starts when the test says so. */
function awayForLong(adversaries?: ReadonlyMap<number, Adversary>): { story: Story; watched: Watched } {
  const before = historyOfRounds()
  const story = createStory({ ...OPTIONS, ...(adversaries && { adversaries }) })
  const { world } = story
  const watched: Watched = { pulled: 0, pages: 0, asked: [] }
  world.inspect = (hospital, effect) => {
    checkEffect(hospital, effect)
    if (effect.type === 'store') forgetOldCheckpoints(hospital)
    if (hospital.member === AWAY) note(watched, effect)
  }
  for (const [index, snapshot] of before.snapshots.entries()) {
    world.rollBack(index, snapshot)
    const { inputs } = before.story.world.hospitals[index]!.vault
    for (const [sid, words] of inputs) world.hospitals[index]!.vault.inputs.set(sid, words)
  }
  for (const member of [0, 1, 2]) world.start(member)
  return { story, watched }
}

function forgetOldCheckpoints({ vault: { checkpoints } }: SimulatedHospital): void {
  for (const hash of checkpoints.keys()) if (checkpoints.size > CHECKPOINTS_KEPT) checkpoints.delete(hash)
}

function note(watched: Watched, effect: Effect): void {
  if (effect.type === 'pull' && effect.wanted.kind === 'checkpoint') watched.pulled += 1
  if (effect.type === 'compare') watched.asked.push(effect.with)
  if (effect.type !== 'store') return
  if (effect.entries.filter(entry => entry.kind === 'link').length > SYNC_LINKS_MAX / 2) watched.pages += 1
}

function checkBack(t: ExecutionContext, story: Story, liars: readonly number[] = []): void {
  const values = checkStory(t, story, { liars })
  t.is(story.world.hospitals[AWAY]!.disk.links.length, values.length)
  t.true(values.at(-1)?.members.includes(AWAY), 'it contributes again')
}

test('away for 600 rounds: pages of links, one checkpoint, and the same end as the others', t => {
  const { story, watched } = awayForLong()
  story.world.start(AWAY)
  finish(story.world)
  checkBack(t, story)
  t.is(watched.pages, Math.floor(ROUNDS / SYNC_LINKS_MAX))
  t.true(watched.asked.length >= watched.pages)
  t.true(watched.pulled >= 1 && watched.pulled <= 4, `${watched.pulled} checkpoints`)
})

test('killed after every page, and before it pulls: it resumes from its disk and takes no link twice', t => {
  const { story } = awayForLong()
  const { world } = story
  const killed: string[] = []
  let stored = 2
  world.crashes = ({ member, disk }, point) => {
    const page = point === 'compare' && disk.links.length > stored
    const pull = point === 'pull' && killed.at(-1) === 'compare'
    if (member !== AWAY || (!page && !pull)) return false
    killed.push(point)
    t.true(disk.links.length >= stored, 'nothing is lost')
    stored = disk.links.length
    world.after(1000, () => world.start(AWAY))
    return true
  }
  world.start(AWAY)
  finish(world)
  checkBack(t, story)
  t.true(killed.filter(point => point === 'compare').length >= 2, killed.join(' '))
  t.is(killed.at(-1), 'pull')
})

/** Answers every summary of the one that was away with a page of its own making. */
function lyingPages(page: (links: readonly Link[]) => Pick<Fill, 'round' | 'links'>): Adversary {
  const nothing = { have: new Uint8Array(0), tags: new Uint8Array(0), messages: [] }
  return {
    name: 'lying pages',
    packet(from, packet, io) {
      if (from.index !== AWAY || packet.kind !== 'summary' || decodeSummary(packet.bytes).recall) return true
      const fill = { ...nothing, ...page(io.hospital.disk.links) }
      io.transmit(from, { kind: 'fill', bytes: encodeSync(fill), ticket: packet.ticket })
      return false
    },
  }
}

const FAR = 1_000_000
const LIES: Record<string, (links: readonly Link[]) => Pick<Fill, 'round' | 'links'>> = {
  'nothing, far ahead': () => ({ round: FAR, links: [] }),
  'nothing, not ahead': () => ({ round: 0, links: [] }),
  'its first page for ever': links => ({ round: FAR, links: links.slice(0, 2).map(encodeLink) }),
  'links that nobody certified': links => ({
    round: FAR,
    links: links.slice(2, SYNC_LINKS_MAX).map(link => encodeLink({ ...link, precommits: link.precommits.slice(1) })),
  }),
}

for (const [lie, page] of Object.entries(LIES)) {
  test(`a liar that answers with ${lie} does not stop it, and is not asked for a next page`, t => {
    const { story, watched } = awayForLong(new Map([[LIAR, lyingPages(page)]]))
    story.world.start(AWAY)
    finish(story.world)
    checkBack(t, story, [LIAR])
    t.true(watched.asked.length >= 2)
    t.false(watched.asked.includes(LIAR))
  })
}
