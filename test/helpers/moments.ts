/** A recording of a simulated study: all states of an honest hospital, and all envelopes. @module */

import { sha256 } from '../../crypto/hash.ts'
import type { Signer } from '../../crypto/signature.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import type { RoundState } from '../../protocols/round/state.ts'
import type { Link } from '../../protocols/transcript/link.ts'
import { contextOf } from '../../sim/world/hospital.ts'
import { Random } from '../../sim/world/random.ts'
import { createKeyring } from '../../sim/world/signer.ts'
import { World } from '../../sim/world/world.ts'
import { testStudy } from './study/study.ts'

/** One state of one hospital. */
export interface Moment {
  readonly name: string
  readonly state: RoundState
  readonly context: StepContext
}

export interface Past {
  readonly signers: readonly Signer[]
  readonly moments: readonly Moment[]
  /** all distinct envelopes, in the order of publication */
  readonly wires: readonly Uint8Array[]
  /** the final transcript */
  readonly links: readonly Link[]
}

/**
 * Runs a study of five hospitals and three rounds, one of which goes on without hospital 1 until it is back.
 *
 * @param of hospitals whose states are kept, by index
 */
export function rememberStudy({ of }: { of: readonly number[] }): Past {
  const { signers, verify } = createKeyring(5, new Random('a remembered study'))
  const world = new World({
    document: testStudy(signers),
    signers,
    verify,
    seed: sha256(Buffer.from('a remembered study')),
    update: (index, round) => new Int32Array(62).fill(100 * round + index),
  })
  const moments = new Map<string, Moment>()
  const wires = new Map<string, Uint8Array>()
  world.inspect = (hospital, effect) => {
    if (effect.type === 'publish') wires.set(Buffer.from(effect.bytes).toString('latin1'), effect.bytes)
    if (!of.includes(hospital.index) || hospital.state === undefined) return
    const { round, phase, commit, result, rollbackGuard } = hospital.state
    const views = `views ${commit.view} and ${result.view}`
    const name = `${hospital.index} in round ${round}, ${phase}, ${views}${rollbackGuard === null ? '' : ', still asking'}`
    moments.set(name, { name, state: hospital.state, context: contextOf(hospital) })
  }
  for (const { index } of world.hospitals) world.start(index)
  const rounds = (count: number) => () => world.hospitals.every(({ disk }) => disk.links.length >= count)
  world.until(rounds(1))
  world.until(() => world.hospitals[1]?.state.phase === 'uploaded')
  world.kill(1)
  world.until(() => world.hospitals.some(({ disk }) => disk.links.length >= 2), { withinMs: 3_600_000 })
  world.start(1)
  world.until(rounds(3), { withinMs: 3_600_000 })
  const links = world.hospitals[0]?.disk.links as readonly Link[]
  return { signers, moments: [...moments.values()], wires: [...wires.values()], links: [...links] }
}
