import test from 'ava'
import { checkStory, createStory, finish, startAll } from '/work/main/test/helpers/world.ts'
import { seededBytes } from '/work/main/test/helpers/seeded-rng.ts'
test('chaos', t => {
  const FIRST = Number(process.env['FIRST'] ?? 0)
  const COUNT = Number(process.env['COUNT'] ?? 300)
  const stats = { void: 0, views: 0, rounds: 0, max: 0 }
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const bytes = Buffer.from(seededBytes(`chaos ${seed}`, 256))
    let at = 0
    const draw = (n: number) => { at += 2; return bytes.readUInt16BE(at) % n }
    const hospitals = [3, 4, 5, 7][draw(4)]!
    const story = createStory({ hospitals, seed: `chaos ${seed}`, study: { rounds: 2 }, timing: draw(2) ? { voidAfterMs: 3000 + draw(8000) } : {} })
    const { world } = story
    const loss = draw(3) * 0.2
    world.deliver = () => world.random() >= loss
    const kills = 1 + draw(4)
    // each kill: the p-th crash point of a hospital counted over all
    const plan = Array.from({ length: kills }, () => ({ member: draw(hospitals), point: draw(300), down: 10 + draw(15000) }))
    const passed = new Map<number, number>()
    world.crashes = hospital => {
      const p = passed.get(hospital.member) ?? 0
      passed.set(hospital.member, p + 1)
      const hit = plan.find(x => x.member === hospital.member && x.point === p)
      if (!hit) return false
      world.after(hit.down, () => world.start(hit.member))
      return true
    }
    startAll(world)
    try {
      finish(world, 1_200_000)
      const values = checkStory(t, story)
      if (values.length !== 2) throw new Error('not two')
      for (const v of values) { stats.rounds++; if (v.outcome === 'void') stats.void++; else stats.views += v.view }
      stats.max = Math.max(stats.max, world.now)
    } catch (error) {
      t.fail(`seed ${seed} n ${hospitals} loss ${loss} plan ${JSON.stringify(plan)}: ${(error as Error).stack}`)
      return
    }
  }
  t.log(stats)
  t.pass()
})
