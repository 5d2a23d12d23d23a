/** Four hospitals in two parts: two and two, where neither can decide, or three and one. @module */

import { firstRound, lastRound } from '../../protocols/study/rounds.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import { Violation } from '../world/violation.ts'
import { boundMs, calmMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

const HOSPITALS = 4
/** Long enough for the larger part to notice the partition, change the view and go on. */
const SPLIT_MS = 120_000
/** Time for decisions from before the split to complete. */
const SETTLE_MS = 5000

interface Split {
  readonly parts: readonly [readonly number[], readonly number[]]
  readonly at: number
}

const certifiedIn = ({ hospitals }: WorldApi, part: readonly number[]): number =>
  Math.max(...part.map(index => hospitals[index]?.disk.links.length ?? 0))

/** Requires that only a part with a quorum goes on. */
const onlyQuorums =
  ({ parts, at }: Split): CheckerFactory =>
  () => ({
    name: 'only-quorums',
    invariant: 7,
    begin: world => {
      let before: number[] = []
      world.after(at + SETTLE_MS, () => {
        before = parts.map(part => certifiedIn(world, part))
      })
      world.after(at + SPLIT_MS, () => {
        for (const [which, part] of parts.entries()) {
          const went = certifiedIn(world, part) - (before[which] as number)
          const over = before[which] === lastRound(world.document) + 1 - firstRound(world.document)
          if (part.length < 3 && went > 0) throw new Violation(7, `${part} have decided without a quorum`)
          if (part.length === 3 && went === 0 && !over) throw new Violation(11, `${part} stand still`)
        }
      })
    },
  })

export const SPLIT: Scenario = {
  name: 'split',
  summary: 'four hospitals are split two and two, which stops them, or three and one, which does not',
  plan: random => {
    const drawn = drawStudy(random, { hospitalsMin: HOSPITALS, hospitalsMax: HOSPITALS })
    const study = { ...drawn, profile: 'byzantine' as const, colluders: 1 }
    const delayMs = random.between(1, 50)
    const all = random.sample([0, 1, 2, 3], HOSPITALS)
    const size = random.chance(0.5) ? 2 : 3
    const split: Split = {
      parts: [all.slice(0, size), all.slice(size)],
      at: random.between(100, calmMs(study, delayMs)),
    }
    return {
      study,
      network: { delayMs },
      checkers: [onlyQuorums(split)],
      withinMs: boundMs(study) + SPLIT_MS + study.timing.voidAfterMs,
      begin: (world, dice) => {
        startAll(world, dice)
        world.after(split.at, () => world.partition(split.parts[0]))
        world.after(split.at + SPLIT_MS, () => world.heal())
      },
    }
  },
}
