/** Runs checks on a data folder. @module */

import { readConfig } from '../config/config.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import type { NodeStatus } from '../http/status.ts'
import { approvedStudies } from '../storage/approved-studies.ts'
import { loadIdentity } from '../storage/identity.ts'
import {
  type DoctorCheck,
  type DoctorFinding,
  type DoctorSubject,
  failedBy,
  notChecked,
  type Readable,
  readable,
  valueIn,
} from './check.ts'
import { DOCTOR_CHECKS } from './list.ts'
import { type DoctorWorld, systemDoctorWorld } from './world.ts'

/** What a check has found, with the check's name. */
export type NamedFinding = DoctorFinding & { readonly check: string }

/** Which checks to run: `cheap` ones take no time and ask no other machine. */
export interface Examination {
  readonly which: 'all' | 'cheap'
  readonly world?: DoctorWorld
  readonly checks?: readonly DoctorCheck[]
}

/**
 * Runs the checks, side by side, and tells what they found in the order of the list.
 *
 * @param folder null: only what concerns the machine is checked
 */
export async function examine(
  folder: string | null,
  { which, world = systemDoctorWorld, checks = DOCTOR_CHECKS }: Examination,
): Promise<NamedFinding[]> {
  const subject = await subjectOf(folder ?? '', world)
  const chosen = checks.filter(({ isCheap }) => which === 'all' || isCheap)
  const found = await Promise.all(
    chosen.map(async (check): Promise<NamedFinding[]> => {
      const findings =
        folder === null && check.of === 'folder'
          ? [notChecked('name a data folder with --data')]
          : await findingsOf(check, subject, world)
      return findings.map(finding => ({ check: check.name, ...finding }))
    }),
  )
  return found.flat()
}

/** The exit code of an examination: that of the first failure, or 0. */
export function exitCodeOf(findings: readonly DoctorFinding[]): ExitCode {
  for (const finding of findings) if (finding.state === 'failed') return finding.exitCode
  return EXIT.ok
}

async function findingsOf(
  check: DoctorCheck,
  subject: DoctorSubject,
  world: DoctorWorld,
): Promise<readonly DoctorFinding[]> {
  try {
    return await check.run(subject, world)
  } catch (error) {
    if (error instanceof OperatorError) return [failedBy(error)]
    throw error
  }
}

async function subjectOf(folder: string, world: DoctorWorld): Promise<DoctorSubject> {
  const config = await readable(() => readConfig(folder))
  const peer = await readable(async () => (await loadIdentity(folder)).peer)
  const studies = await readable(() => approvedStudies(folder))
  let asked: Promise<NodeStatus | null> | undefined
  return { folder, config, peer, studies, running: () => (asked ??= runningNode(folder, peer, world)) }
}

/** The status of the node that answers at the config's port, if it has this folder's key. */
async function runningNode(folder: string, peer: Readable<string>, world: DoctorWorld): Promise<NodeStatus | null> {
  const status = (await world.status(folder).catch(() => null)) as Partial<NodeStatus> | null
  const isOurs = status?.peer !== undefined && status.peer === valueIn(peer) && Array.isArray(status.peers)
  return isOurs ? (status as NodeStatus) : null
}

/**
 * What the cheap checks advise, as lines for other commands; nothing where all is well.
 *
 * @param except checks whose failure the command tells by itself
 */
export async function adviceLines(
  folder: string,
  { except = [] }: { except?: readonly string[] } = {},
): Promise<string[]> {
  const findings = await examine(folder, { which: 'cheap' })
  return findings.flatMap(finding =>
    'remedy' in finding && !except.includes(finding.check) ? [`Warning: ${finding.found}. ${finding.remedy}`] : [],
  )
}
