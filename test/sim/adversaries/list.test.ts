// Claims: each script's liar is shown to have lied, by evidence that a judge with nothing but the study document accepts,
// wherever something can be proven; no honest hospital is blamed; all honest ones finish, with one transcript and exact
// sums, and no round is VOID but by whoever withholds its part.

import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { rememberingVerifier } from '../../../protocols/messages/verifier.ts'
import { createContext } from '../../../protocols/round/context.ts'
import { proposerOf } from '../../../protocols/round/facts.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import { SCRIPTS } from '../../../sim/adversaries/list.ts'
import { ProvenLies } from '../../../sim/adversaries/proven-lies.ts'
import type { Script } from '../../../sim/adversaries/script.ts'
import { CHECKERS } from '../../../sim/checkers/list.ts'
import { Random } from '../../../sim/world/random.ts'
import { type SimulatedHospital, World } from '../../../sim/world/world.ts'
import { checkStory, startAll } from '../../helpers/round/world.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const SEEDS = 4

/** A world of Ed25519 signatures in which the first round's proposer plays a script. */
function play(script: Script, seed: number) {
  const random = new Random(`${script.name} ${seed}`)
  const hospitals = random.whole(4, 6)
  const signers = testSigners(hospitals)
  const timing = { ...TIMING_LAN, voidAfterMs: 15_000 }
  const document = testStudy(signers, { rounds: 3, timing, created: `2026-01-01T00:00:0${seed}Z` })
  const context = createContext({ document, signer: signers[0]! })
  const index = proposerOf(context, 1, 0)
  const liar = script.create(random.fork('liar'))
  const provenLies = new ProvenLies()
  const { dimension } = planStudy(document)
  const updates = random.fork('updates')
  const world = new World({
    document,
    signers,
    seed: sha256(Buffer.from(random.label)),
    update: () => Int32Array.from({ length: dimension }, () => updates.whole(-(2 ** 19), 2 ** 19)),
    verify: rememberingVerifier(),
    adversaries: new Map([[index, liar]]),
    checkers: [...CHECKERS.map(create => create()), provenLies],
  })
  startAll(world)
  const finished = ({ honest, state }: SimulatedHospital) => !honest || state.phase === 'finished'
  world.until(() => world.hospitals.every(finished), { withinMs: 600_000 })
  world.end()
  return { world, document, liar, index, provenLies }
}

for (const script of SCRIPTS) {
  test(`${script.name}: ${script.guilt === null ? 'costs time only' : `is shown: ${script.guilt.code}`}`, t => {
    let lies = 0
    for (let seed = 0; seed < SEEDS; seed++) {
      const { world, document, liar, index, provenLies } = play(script, seed)
      const values = checkStory(t, { world, document, trained: [] }, { liars: [index] })
      t.is(values.length, 3)
      lies += liar.lies.size
      if (script.guilt === null || liar.lies.size === 0) continue
      t.true(provenLies.proven.has(`${index}/${script.guilt.code}/${script.guilt.evidence}`), `seed ${seed}`)
    }
    t.true(lies > 0, 'it has lied')
  })
}
