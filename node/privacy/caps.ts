/** What a hospital, and what reason, allow a study to promise. @module */

import { isDeltaLarge } from '../../protocols/study/delta.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { UNITS_FEWEST } from '../../protocols/study/unit.ts'
import type { NodeConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { promisedText } from './epsilon-text.ts'

/**
 * Checks that the local caps cover the whole study.
 *
 * @throws OperatorError `budget-too-small` or `delta-too-large`, exit code 7
 */
export function requireStudyWithinCap(study: StudyDocument, config: Pick<NodeConfig, 'privacy'>): void {
  const { privacy, name } = study
  const { epsilonMax, deltaMax } = config.privacy
  if (epsilonMax < privacy.epsilon) {
    throw new OperatorError(
      'budget-too-small',
      `"${name}" may spend epsilon ${privacy.epsilon} for ${promisedText(study)}, and this node allows ${epsilonMax}`,
      {
        hint: 'Raise privacy.epsilonMax in config.toml if the hospital agrees, or ask for a study that spends less.',
        exitCode: EXIT.budgetExhausted,
      },
    )
  }
  if (deltaMax >= privacy.delta) return
  throw new OperatorError(
    'delta-too-large',
    `"${name}" promises its epsilon at delta ${privacy.delta}, and this node allows at most ${deltaMax}`,
    {
      hint: 'Raise privacy.deltaMax in config.toml if the hospital agrees, or ask for a study with a smaller delta.',
      exitCode: EXIT.budgetExhausted,
    },
  )
}

/** Refuses a promise that protects no one for sure. @throws OperatorError `few-units`, `delta-above-units`, exit code 3 */
export function requireSoundPromise(document: StudyDocument): void {
  requireEnoughUnits(document)
  requireSmallDelta(document)
}

function requireEnoughUnits({ units, unit, name }: StudyDocument): void {
  if (units >= UNITS_FEWEST) return
  throw new OperatorError(
    'few-units',
    `"${name}" is of ${units} ${unit}s in all: of so few, noise leaves nothing to learn, or hides nobody`,
    {
      hint: `Plan a study of at least ${UNITS_FEWEST} ${unit}s in all hospitals together, or say --force if every hospital knows what it means.`,
      exitCode: EXIT.config,
    },
  )
}

/** Refuses a delta above one over twice the units. */
function requireSmallDelta(document: StudyDocument): void {
  const { privacy, units, unit, name } = document
  if (!isDeltaLarge(document)) return
  throw new OperatorError(
    'delta-above-units',
    `"${name}" has delta ${privacy.delta}, above 1/(2 × ${units}): publishing one ${unit} in ${Math.round(1 / privacy.delta)} would keep such a promise`,
    {
      hint: `Use a delta of at most ${(1 / (2 * units)).toPrecision(2)}, or say --force if every hospital knows what it means.`,
      exitCode: EXIT.config,
    },
  )
}
