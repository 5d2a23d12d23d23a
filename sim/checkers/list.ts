/** All checkers. A new one is a file here and a line below. @module */

import type { CheckerFactory } from './checker.ts'

export const CHECKERS: readonly CheckerFactory[] = []
