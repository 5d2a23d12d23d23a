/** Whether a study can be started on this node, as far as that can be told at once. @module */

import type { NodeConfig } from '../config/config.ts'
import { dataSourceOf } from '../config/data-source.ts'
import type { DataSource } from '../datasets/source.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { requireStudyWithinCap } from '../privacy/caps.ts'
import { boundDataset, markedAt } from '../storage/approved-studies.ts'
import type { Identity } from '../storage/identity.ts'
import { requireMember, type VerifiedStudy } from '../storage/study-file.ts'

/** The data set that a study takes. @throws OperatorError `no-data`, exit code 3 */
export async function requireSource(folder: string, config: NodeConfig, study: string): Promise<DataSource> {
  const source = dataSourceOf(config, await boundDataset(folder, study))
  if (source !== null) return source
  throw new OperatorError('no-data', 'The node has no records to train on', {
    hint: 'Add a data set with "confrere data add", or set data.file in config.toml.',
    exitCode: EXIT.config,
  })
}

/**
 * Whether a study can be started here, as far as that can be told at once.
 *
 * @throws OperatorError `not-in-roster`, `no-data`, or as `requireStudyWithinCap`
 */
export async function requireStartable(
  { study, document }: VerifiedStudy,
  { folder, config, identity }: { folder: string; config: NodeConfig; identity: Pick<Identity, 'peer'> },
): Promise<void> {
  if ((await markedAt(folder, study, 'joining')) === null) requireMember(document, identity.peer)
  requireStudyWithinCap(document, config)
  await requireSource(folder, config, study)
}
