/** The list of scripts. A new script is a new file in scripts/ and a line below. @module */

import type { Random } from '../world/random.ts'
import type { Script } from './script.ts'
import { ALTERED_CHUNK } from './scripts/altered-chunk.ts'
import { BAD_LOCK } from './scripts/bad-lock.ts'
import { FALSE_FINGERPRINT, HIDDEN_PART } from './scripts/false-fingerprint.ts'
import { FALSE_LOADED } from './scripts/false-loaded.ts'
import { FALSE_MISSING, REFUSED_CHUNK } from './scripts/false-missing.ts'
import { FALSE_RELEASE } from './scripts/false-release.ts'
import { FALSE_SUM, WRONG_LENGTH_SUM } from './scripts/false-sum.ts'
import { FLOOD } from './scripts/flood.ts'
import { MALFORMED } from './scripts/malformed.ts'
import { SLOW_UPLOAD } from './scripts/slow-upload.ts'
import { STALE_OPEN } from './scripts/stale-open.ts'
import { STALE_REPLAY } from './scripts/stale-replay.ts'
import { TWO_MANIFESTS } from './scripts/two-manifests.ts'
import { TWO_OPENS } from './scripts/two-opens.ts'
import { TWO_PROPOSALS } from './scripts/two-proposals.ts'
import { TWO_READYS } from './scripts/two-readys.ts'
import { TWO_SUMS } from './scripts/two-sums.ts'
import { TWO_VOTES } from './scripts/two-votes.ts'
import { WITHHELD_RELEASE } from './scripts/withheld-release.ts'
import { WITHHELD_SUM } from './scripts/withheld-sum.ts'
import { WRONG_ANSWERS } from './scripts/wrong-answers.ts'

/** Drawn from by seed: whatever is added here gives every seed other liars. */
const FIRST: readonly Script[] = [
  TWO_OPENS,
  TWO_PROPOSALS,
  TWO_READYS,
  FALSE_RELEASE,
  WITHHELD_RELEASE,
  ALTERED_CHUNK,
  TWO_MANIFESTS,
  FALSE_SUM,
  WRONG_LENGTH_SUM,
  WITHHELD_SUM,
  TWO_SUMS,
  FALSE_FINGERPRINT,
  HIDDEN_PART,
  FALSE_LOADED,
  FALSE_MISSING,
  REFUSED_CHUNK,
  TWO_VOTES,
  BAD_LOCK,
  STALE_OPEN,
  STALE_REPLAY,
  FLOOD,
  MALFORMED,
  SLOW_UPLOAD,
]

/** Each takes the place of a liar's first script with a chance of its own, so that it leaves other seeds as they are. */
const LATER: readonly Script[] = [WRONG_ANSWERS]
const LATER_CHANCE = 0.2

export const SCRIPTS: readonly Script[] = [...FIRST, ...LATER]

/** Draws one liar's script. */
export function drawScript(random: Random, index: number): Script {
  const first = random.pick(FIRST)
  return LATER.find(({ name }) => random.fork(`${name} ${index}`).chance(LATER_CHANCE)) ?? first
}
