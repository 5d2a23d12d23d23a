/** A hospital's consent to a study, as far as it is decided without reading all records: by the interface. @module */

import type { NodeConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { requireSoundPromise, requireStudyWithinCap } from '../privacy/caps.ts'
import { storeApproved } from '../storage/approved-studies.ts'
import type { Identity } from '../storage/identity.ts'
import { requireMember, type VerifiedStudy } from '../storage/study-file.ts'

/**
 * Approves a study with one of the hospital's data sets. The records are read, and checked, when the study starts.
 *
 * @throws OperatorError `unknown-dataset`, `not-in-roster`, or as `requireStudyWithinCap` and `requireSoundPromise`
 */
export async function approveWithDataset(
  study: VerifiedStudy,
  { folder, config, identity, dataset }: { folder: string; config: NodeConfig; identity: Identity; dataset: string },
): Promise<void> {
  requireMember(study.document, identity.peer)
  requireStudyWithinCap(study.document, config)
  requireSoundPromise(study.document)
  if (!Object.hasOwn(config.datasets, dataset)) {
    throw new OperatorError('unknown-dataset', `This node has no data set "${dataset}"`, {
      hint: 'See "confrere data list", and add one with "confrere data add".',
      exitCode: EXIT.usage,
    })
  }
  await storeApproved(folder, study, { dataset })
}
