// Claims: the opened sum is the exact integer sum of what the hospitals put in; every hospital ends with the same
// checkpoint, which is that sum applied, bit for bit, and with the same certified transcript.

import test from 'ava'
import { TAG_SUM } from '../../../crypto/domain.ts'
import { sha256 } from '../../../crypto/hash.ts'
import { chunkLayout } from '../../../crypto/layout.ts'
import { toBytes } from '../../../crypto/ring.ts'
import { hex } from '../../../protocols/immutable.ts'
import { decodeResultValue } from '../../../protocols/messages/result-value.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { checkStory, createStory, exactSum, finish, type Story, startAll } from '../../helpers/round/world.ts'

/** Dimensions 62, 111, 1 · 3, 1000: fewer words than owners have, and not a multiple of anything. */
const SHAPES = [
  { shape: [30], classes: ['no', 'yes'] },
  { shape: [36], classes: ['a', 'b', 'c'] },
  { shape: [1], classes: ['no', 'yes'] },
  { shape: [249], classes: ['a', 'b', 'c', 'd'] },
] as const

function dataOf(index: number) {
  const { shape, classes } = SHAPES[index % SHAPES.length] as (typeof SHAPES)[number]
  return { kind: 'vector' as const, shape: [...shape] as [number], classes: [...classes] }
}

/** Every hospital still holds the last round's chunk sums: added up by hand, each is the exact one. */
function heldSums({ world }: Story): (string | undefined)[] {
  return world.hospitals.map(({ disk, vault, context }) => {
    const value = decodeResultValue(disk.links.at(-1)?.value as Uint8Array)
    if (value.outcome !== 'result') return 'void'
    const sum = new Uint32Array(exactSum(world, value).buffer)
    const chunks = chunkLayout(context.dimension, value.members.length).filter(({ words }) => words > 0)
    const parts = chunks.map(({ start, words }) => {
      const bytes = toBytes(sum.subarray(start, start + words))
      const held = vault.sum(hex(sha256(bytes)))
      return held !== undefined && Buffer.compare(held, bytes) === 0
    })
    return parts.every(Boolean) ? 'exact' : 'wrong'
  })
}

for (const hospitals of [3, 4, 5, 7, 10]) {
  test(`${hospitals} hospitals open the exact sum of what they put in, at every dimension`, t => {
    for (let seed = 0; seed < SHAPES.length; seed++) {
      const story = createStory({ hospitals, seed, study: { rounds: 2, contract: dataOf(seed) } })
      startAll(story.world)
      finish(story.world)
      const values = checkStory(t, story)
      t.deepEqual(
        values.map(value => value.outcome === 'result' && value.members.length),
        [hospitals, hospitals],
      )
      t.deepEqual(new Set(heldSums(story)), new Set(['exact']))
    }
  })
}

test('the sum of words at both ends of the clamp does not wrap', t => {
  const hospitals = 5
  const study = { rounds: 1 }
  const update = (member: number) => new Int32Array(62).fill(member % 2 === 0 ? 2 ** 31 - 1 : -(2 ** 31 - 1))
  const story = createStory({ hospitals, study, update })
  startAll(story.world)
  finish(story.world)
  const [link] = story.world.hospitals[0]!.disk.links
  const value = decodeResultValue(link?.value as Uint8Array)
  const limit = Math.floor((2 ** 31 - 1) / hospitals)
  const words = new Int32Array(62).fill(limit)
  const sumHash = value.outcome === 'result' ? hex(value.sum) : ''
  t.is(sumHash, hex(sha256(...sumParts(words))))
})

function sumParts(words: Int32Array): Uint8Array[] {
  return [TAG_SUM, toBytes(new Uint32Array(words.buffer))]
}

test('no word of an update leaves its hospital: what owners hold looks like noise until all keys are out', t => {
  const study = {
    rounds: 1,
    units: 9,
    contract: { kind: 'vector' as const, shape: [999] as [number], classes: ['a', 'b'] },
  }
  const story = createStory({ hospitals: 4, study, update: member => new Int32Array(2000).fill(member + 1) })
  const held: { from: number; words: Uint32Array }[] = []
  for (const { member, vault } of story.world.hospitals) {
    const original = vault.putPart.bind(vault)
    vault.putPart = (sid, chunk, from, words) => {
      if (from !== member) held.push({ from, words: words.slice() })
      original(sid, chunk, from, words)
    }
  }
  startAll(story.world)
  finish(story.world)
  t.is(held.length, 12)
  for (const { from, words } of held) {
    t.false(words.includes(from + 1))
    t.true(new Set(words).size > words.length - 3, 'two words alike would show two coordinates alike')
    const high = words.reduce((ones, word) => ones + (word >>> 31), 0)
    t.true(Math.abs(high - words.length / 2) < 4.5 * Math.sqrt(words.length / 4), `${high} of ${words.length}`)
  }
})

test('with the noise on, the opened sum spreads as all hospitals’ noises together should', t => {
  const hospitals = 5
  const privacy = {
    noise: 'distributed' as const,
    clippingNorm: 1,
    sampleRate: 2 ** 28,
    noiseMultiplier: 1,
    delta: 1e-5,
    epsilon: 50,
    colluders: 1,
  }
  const data = { kind: 'vector' as const, shape: [1999] as [number], classes: ['no', 'yes'] }
  const study = { rounds: 1, privacy, units: 4000, contract: data }
  const story = createStory({ hospitals, study, update: () => new Int32Array(4000) })
  startAll(story.world)
  finish(story.world)
  const { vault } = story.world.hospitals[3]!
  const words = [...vault.sums.values()].flatMap(({ bytes }) => [...new Int32Array(bytes.slice().buffer)])
  t.is(words.length, 4000)
  const { fixedPoint } = planStudy(story.document)
  const sigma = Math.ceil(fixedPoint.sensitivity / Math.sqrt(hospitals - 1)) * Math.sqrt(hospitals)
  const spread = Math.sqrt(words.reduce((total, word) => total + word * word, 0) / words.length)
  // the standard error of a standard deviation over 4000 draws is 1.1 %
  t.true(Math.abs(spread / sigma - 1) < 0.06, `${spread} where ${sigma} is expected`)
})
