/** The list of scenarios. A new scenario is a new file in scenarios/ and a line here. @module */

import { ABSENT } from './absent.ts'
import { BUDGET } from './budget.ts'
import { CALM } from './calm.ts'
import { CHURN } from './churn.ts'
import { CRASHES } from './crashes.ts'
import { CROWD } from './crowd.ts'
import { LATE } from './late.ts'
import { LIARS } from './liars.ts'
import { LOSSY } from './lossy.ts'
import { MIXED } from './mixed.ts'
import { PARTITION } from './partition.ts'
import { RESTORE } from './restore.ts'
import { ROLLBACK } from './rollback.ts'
import { ROSTER } from './roster.ts'
import type { Scenario } from './scenario.ts'
import { SLOW } from './slow.ts'
import { SPLIT } from './split.ts'
import { VOID } from './void.ts'
import { VOTES } from './votes.ts'

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
  RESTORE,
  VOID,
  VOTES,
  SLOW,
  BUDGET,
  ROSTER,
  LIARS,
  MIXED,
  CROWD,
]

/** The scenarios that take turns when none is named. */
export const EVERYDAY: readonly Scenario[] = SCENARIOS.filter(({ heavy }) => heavy !== true)

/** @throws RangeError for an unknown name */
export function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find(scenario => scenario.name === name)
  if (found === undefined) throw new RangeError(`there is no scenario ${name}`)
  return found
}
