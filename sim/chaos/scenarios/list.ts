/** All scenarios, in the order in which they run. @module */

import type { Scenario } from '../trial.ts'
import { CLOCK } from './clock.ts'
import { DISK } from './disk.ts'
import { KILL } from './kill.ts'
import { LEDGER } from './ledger.ts'
import { PARTITION } from './partition.ts'
import { STOP } from './stop.ts'

export const SCENARIOS: readonly Scenario[] = [KILL, STOP, DISK, CLOCK, PARTITION, LEDGER]
