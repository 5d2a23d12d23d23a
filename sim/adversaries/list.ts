/** The list of scripts. A new script is a new file here and a line below. @module */

import type { Random } from '../world/random.ts'
import { ALTERED_CHUNK } from './altered-chunk.ts'
import { BAD_LOCK } from './bad-lock.ts'
import { FALSE_FINGERPRINT, HIDDEN_PART } from './false-fingerprint.ts'
import { FALSE_LOADED } from './false-loaded.ts'
import { FALSE_MISSING, REFUSED_CHUNK } from './false-missing.ts'
import { FALSE_RELEASE } from './false-release.ts'
import { FALSE_SUM, WRONG_LENGTH_SUM } from './false-sum.ts'
import { FLOOD } from './flood.ts'
import { MALFORMED } from './malformed.ts'
import type { Script } from './script.ts'
import { SLOW_UPLOAD } from './slow-upload.ts'
import { STALE_OPEN } from './stale-open.ts'
import { STALE_REPLAY } from './stale-replay.ts'
import { TWO_MANIFESTS } from './two-manifests.ts'
import { TWO_OPENS } from './two-opens.ts'
import { TWO_PROPOSALS } from './two-proposals.ts'
import { TWO_READYS } from './two-readys.ts'
import { TWO_SUMS } from './two-sums.ts'
import { TWO_VOTES } from './two-votes.ts'
import { WITHHELD_RELEASE } from './withheld-release.ts'
import { WITHHELD_SUM } from './withheld-sum.ts'
import { WRONG_ANSWERS } from './wrong-answers.ts'

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
