// Claim: kill -9 at any instant of any hospital costs time, never privacy or the result.

import test from 'ava'
import { seededBytes } from '../../helpers/seeded-rng.ts'
import { checkStory, createStory, finish, type Story, startAll } from '../../helpers/world.ts'

/** Kills one hospital at its k-th effect (or job), and starts it again some time later. */
function killAt(story: Story, { member, point, downMs }: { member: number; point: number; downMs: number }): void {
  const { world } = story
  let passed = 0
  world.crashes = hospital => {
    if (hospital.member !== member || passed++ !== point) return false
    world.after(downMs, () => world.start(member))
    return true
  }
}

test('a hospital killed at a random effect and restarted: every round ends in a certified, exact result', t => {
  const FIRST = Number(process.env['FIRST'] ?? 0)
  const COUNT = Number(process.env['COUNT'] ?? 300)
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const bytes = Buffer.from(seededBytes(`crash ${seed}`, 8))
    const hospitals = 4 + (seed % 2)
    const story = createStory({ hospitals, seed: `crash ${seed}`, study: { rounds: 2 } })
    const member = bytes.readUInt16BE(0) % hospitals
    const point = bytes.readUInt16BE(2) % 130
    const downMs = 10 + (bytes.readUInt16BE(4) % 12000)
    killAt(story, { member, point, downMs })
    startAll(story.world)
    try {
      finish(story.world, { withinMs: 120_000 })
      const values = checkStory(t, story)
      if (values.length !== 2 || values.some(v => v.outcome === 'void')) throw new Error('not two results')
    } catch (error) {
      t.fail(`seed ${seed} n ${hospitals} member ${member} point ${point} down ${downMs}: ${(error as Error).stack}`)
      return
    }
  }
})
