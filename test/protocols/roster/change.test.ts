// Claims: a quorum of operators changes the roster without anybody in the middle, from the next round on; fewer change
// nothing; who is removed is out at once, who is admitted catches up and contributes, who rotates its key goes on as the
// new one; a roster that the study could not have been founded with is refused.

import test from 'ava'
import { ProtocolError } from '../../../protocols/errors.ts'
import { hex } from '../../../protocols/immutable.ts'
import { decodeResultValue } from '../../../protocols/messages/result-value.ts'
import { applyChange, decodeChange, encodeChange, type RosterChange } from '../../../protocols/roster/change.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import { createStory, startAll } from '../../helpers/round/world.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

type Story = ReturnType<typeof createStory>

function approve({ world }: Story, change: RosterChange, by: readonly number[]): void {
  for (const at of by) world.step(world.hospitals[at]!, { type: 'approve', change: encodeChange(change) })
}

function changesIn({ world }: Story, at: number): (string | null)[] {
  const values = world.hospitals[at]!.disk.links.map(link => decodeResultValue(link.value))
  return values.map(value => (value.outcome === 'result' && value.change !== null ? hex(value.change) : null))
}

test('a quorum removes a hospital: it is outside from the next round on, and the others go on', t => {
  const story = createStory({ hospitals: 5, study: { rounds: 4 } })
  const { world } = story
  const [, , gone] = world.hospitals
  startAll(world)
  approve(story, { kind: 'remove', id: gone!.signer.id }, [0, 1, 3, 4])
  const others = world.hospitals.filter(hospital => hospital !== gone)
  world.until(() => others.every(({ state }) => state.phase === 'finished'), { withinMs: 120_000 })
  t.is(changesIn(story, 0).filter(change => change !== null).length, 1)
  t.is(changesIn(story, 0)[0] === null, false, 'approved before the first result: certified with it')
  for (const { state } of others) {
    t.is(state.roster.version, 1)
    t.is(state.roster.hospitals.length, 4)
    t.false(state.roster.ranks.has(gone!.peer))
  }
  t.is(gone!.state.phase, 'outside')
  t.is(gone!.disk.links.length, 1, 'what came after was not for it')
})

test('one vote short of a quorum changes nothing', t => {
  const story = createStory({ hospitals: 5, study: { rounds: 3 } })
  const { world } = story
  startAll(world)
  approve(story, { kind: 'remove', id: world.hospitals[2]!.signer.id }, [0, 1, 3])
  world.until(() => world.hospitals.every(({ state }) => state.phase === 'finished'), { withinMs: 120_000 })
  t.deepEqual(changesIn(story, 0), [null, null, null])
})

const signers = testSigners(6)
const document = testStudy(signers.slice(0, 5), { timing: TIMING_LAN })
const founding = createRoster(document.hospitals)
const hospital = (at: number, name = `Another ${at}`) => ({ id: signers[at]!.id, name, addresses: [] })

test('a change goes through its wire form, and the next version follows from it', t => {
  const admitted = applyChange(document, founding, { kind: 'admit', hospital: hospital(5) })
  t.is(admitted.version, 1)
  t.is(admitted.hospitals.length, 6)
  const rotated = applyChange(document, founding, { kind: 'rotate', id: signers[0]!.id, hospital: hospital(5) })
  t.is(rotated.hospitals.length, 5)
  t.false(rotated.ranks.has(founding.peers[0]!))
  const changes: RosterChange[] = [
    { kind: 'admit', hospital: hospital(5) },
    { kind: 'remove', id: signers[1]!.id },
    { kind: 'rotate', id: signers[1]!.id, hospital: hospital(5) },
  ]
  for (const change of changes) t.deepEqual(decodeChange(encodeChange(change)), change)
})

test('what the study could not have been founded with is not a roster of it', t => {
  const refused: RosterChange[] = [
    { kind: 'admit', hospital: hospital(0) },
    { kind: 'admit', hospital: hospital(5, document.hospitals[0]!.name) },
    { kind: 'remove', id: signers[5]!.id },
    { kind: 'rotate', id: signers[5]!.id, hospital: hospital(5) },
    { kind: 'rotate', id: signers[0]!.id, hospital: hospital(1) },
  ]
  for (const change of refused) {
    t.throws(() => applyChange(document, founding, change), { instanceOf: ProtocolError, code: 'bad-change' })
  }
  const four = testStudy(signers.slice(0, 4), { timing: TIMING_LAN })
  const small = createRoster(four.hospitals)
  t.throws(
    () => applyChange(four, small, { kind: 'remove', id: signers[0]!.id }),
    { code: 'bad-change' },
    'three in the byzantine profile',
  )
  t.throws(() => decodeChange(encodeChange({ kind: 'remove', id: new Uint8Array(3) })), { code: 'bad-change' })
})

test('a hospital for whose noise the founding scale leaves no room is not admitted', t => {
  const privacy = {
    ...{ noise: 'local' as const, localSteps: 1000, clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 15 },
    ...{ delta: 1e-5, epsilon: 50, colluders: 1 },
  }
  const crowded = testStudy(signers.slice(0, 5), { privacy })
  const change: RosterChange = { kind: 'admit', hospital: hospital(5) }
  // a study of six could be founded, with a coarser scale: but scales never change
  t.notThrows(() => planStudy(testStudy(signers, { privacy })))
  t.throws(() => applyChange(crowded, founding, change), { code: 'bad-change', message: /32-bit sums/ })
  const roomier = testStudy(signers.slice(0, 5), { privacy: { ...privacy, noiseMultiplier: 5 } })
  t.notThrows(() => applyChange(roomier, founding, change))
})
