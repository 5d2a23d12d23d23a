/** All scenarios. A new one is a file in scenarios/ and a line here. @module */

import type { Scenario } from './scenario.ts'
import { ABSENT } from './scenarios/absent.ts'
import { BUDGET } from './scenarios/budget.ts'
import { CALM } from './scenarios/calm.ts'
import { CHURN } from './scenarios/churn.ts'
import { CRASHES } from './scenarios/crashes.ts'
import { CROWD } from './scenarios/crowd.ts'
import { LATE } from './scenarios/late.ts'
import { LIARS } from './scenarios/liars.ts'
import { LOSSY } from './scenarios/lossy.ts'
import { MIXED } from './scenarios/mixed.ts'
import { PARTITION } from './scenarios/partition.ts'
import { ROLLBACK } from './scenarios/rollback.ts'
import { ROSTER } from './scenarios/roster.ts'
import { SLOW } from './scenarios/slow.ts'
import { SPLIT } from './scenarios/split.ts'
import { VOID } from './scenarios/void.ts'
import { VOTES } from './scenarios/votes.ts'

export const SCENARIOS: readonly Scenario[] = [
  CALM,
  LOSSY,
  CRASHES,
  CHURN,
  ABSENT,
  PARTITION,
  SPLIT,
  LATE,
  ROLLBACK,
  VOID,
  VOTES,
  SLOW,
  BUDGET,
  ROSTER,
  LIARS,
  MIXED,
  CROWD,
]

/** Those that take turns when none is asked for by name. */
export const EVERYDAY: readonly Scenario[] = SCENARIOS.filter(({ heavy }) => heavy !== true)

/** @throws RangeError for a name that no scenario has */
export function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find(scenario => scenario.name === name)
  if (found === undefined) throw new RangeError(`there is no scenario ${name}`)
  return found
}
