/** A hospital's consent to a study, as far as it is decided without reading all records: by the interface. @module */

import type { NodeConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { requireSoundPromise, requireStudyWithinCap } from '../privacy/caps.ts'
import { storeApproved } from '../storage/approved-studies.ts'
import type { Identity } from '../storage/identity.ts'
import { requireMember, type VerifiedStudy } from '../storage/study-file.ts'

/**
 * Whether this hospital may approve a study, before any record is read.
 *
 * @param choices `join`: it waits to be admitted; `force`: the study protects no one for sure, and the operator knows
 * @throws OperatorError `not-in-roster`, or as `requireStudyWithinCap` and `requireSoundPromise`
 */
export function requireApprovable(
  { document }: Pick<VerifiedStudy, 'document'>,
  { config, peer, join = false, force = false }: { config: NodeConfig; peer: string; join?: boolean; force?: boolean },
): void {
  if (!join) requireMember(document, peer)
  requireStudyWithinCap(document, config)
  if (!force) requireSoundPromise(document)
}

/**
 * Approves a study with one of the hospital's data sets. The records are read, and checked, when the study starts.
 *
 * @throws OperatorError `unknown-dataset`, or as `requireApprovable`
 */
export async function approveWithDataset(
  study: VerifiedStudy,
  { folder, config, identity, dataset }: { folder: string; config: NodeConfig; identity: Identity; dataset: string },
): Promise<void> {
  requireApprovable(study, { config, peer: identity.peer })
  if (!Object.hasOwn(config.datasets, dataset)) {
    throw new OperatorError('unknown-dataset', `This node has no data set "${dataset}"`, {
      hint: 'See "confrere data list", and add one with "confrere data add".',
      exitCode: EXIT.usage,
    })
  }
  await storeApproved(folder, study, { dataset })
}
