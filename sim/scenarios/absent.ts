/** In every round thirty per cent of the hospitals are away from its start, different ones each time. @module */

import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { firstRound } from '../../protocols/study/rounds.ts'
import type { CheckerFactory } from '../world/api.ts'
import { Violation } from '../world/violation.ts'
import type { World } from '../world/world.ts'
import { boundMs, type Scenario } from './scenario.ts'
import { drawStudy, roundsIn } from './study.ts'

const HOSPITALS = 10
const AWAY = 3
const COLLUDERS = 3

type Absences = ReadonlyMap<number, readonly number[]>

/** Takes a round's absent hospitals down as soon as all present ones have finished the round before. */
function takeTurns(world: World, absences: Absences): void {
  const away = (round: number) => absences.get(round) ?? []
  const first = firstRound(world.document)
  let round = first
  const before = world.inspect
  const turn = (): void => {
    round += 1
    for (const index of away(round)) if (world.hospitals[index]?.alive) world.kill(index)
    for (const index of away(round - 1)) if (!away(round).includes(index)) world.start(index)
  }
  world.inspect = (hospital, effect) => {
    before(hospital, effect)
    const here = world.hospitals.filter(({ alive }) => alive)
    if (effect.type !== 'emit' || here.some(({ disk }) => disk.links.length < round + 1 - first)) return
    const ended = round
    world.after(1, () => {
      if (round === ended) turn()
    })
  }
  for (const { index } of world.hospitals) if (!away(first).includes(index)) world.start(index)
}

/** Requires that every round has a result of present hospitals. */
const everyRound =
  (absences: Absences): CheckerFactory =>
  () => ({
    name: 'every-round',
    invariant: 11,
    end: ({ hospitals }) => {
      for (const { round, value: wire } of hospitals[0]!.disk.links) {
        const value = decodeResultValue(wire)
        if (value.outcome === 'void') throw new Violation(11, `round ${round} is VOID`, { round })
        const absent = value.members.find(member => absences.get(round)?.includes(member))
        if (absent !== undefined) throw new Violation(8, `${absent} was away in round ${round}`, { round })
      }
    },
  })

export const ABSENT: Scenario = {
  name: 'absent',
  summary: 'three of ten hospitals are away from the start of every round, each time others',
  plan: random => {
    const drawn = drawStudy(random, { hospitalsMin: HOSPITALS, hospitalsMax: HOSPITALS, roundsMax: 3 })
    const study = { ...drawn, profile: 'byzantine' as const, colluders: COLLUDERS }
    const all = Array.from({ length: HOSPITALS }, (_, index) => index)
    const absences: Absences = new Map(roundsIn(study).map(round => [round, random.sample(all, AWAY)]))
    return {
      study,
      network: { delayMs: random.between(1, 50) },
      checkers: [everyRound(absences)],
      withinMs: boundMs(study),
      begin: world => takeTurns(world, absences),
    }
  },
}
