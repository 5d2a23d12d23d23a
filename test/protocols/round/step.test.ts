import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import { World } from '../../../sim/world/world.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

function createWorld(count: number, seed = 1, changes = {}) {
  const signers = testSigners(count)
  const document = testStudy(signers, changes)
  const rng = seededRng(`world ${seed}`)
  const update = (member: number, round: number) =>
    Int32Array.from({ length: 62 }, (_, w) => (((member + 1) * 1000003 * round + w * 7919) % 60000) - 30000)
  return new World({ document, signers, seed: sha256(Buffer.from(`${seed}`)), rng, update })
}

test('four hospitals open the exact sum of what they put in, and agree on every checkpoint', t => {
  const world = createWorld(4)
  for (const { member } of world.hospitals) world.start(member)
  world.until(() => world.hospitals.every(hospital => hospital.state.phase === 'finished'))
  const chains = world.hospitals.map(({ disk }) => disk.links.map(link => hex(link.value)))
  t.is(chains[0]?.length, 3)
  for (const chain of chains) t.deepEqual(chain, chains[0])
  t.log(`virtual time ${world.now} ms`)
})
