/** Whether the approved studies are as they were signed, list this node, and keep to its caps. @module */

import { EXIT, OperatorError } from '../errors.ts'
import { requireStudyWithinCap } from '../privacy/caps.ts'
import { peerIdString } from '../storage/identity.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import {
  type DoctorCheck,
  type DoctorFinding,
  type DoctorSubject,
  failedBy,
  notChecked,
  passed,
  valueIn,
} from './check.ts'

export const studiesCheck: DoctorCheck = {
  name: 'studies',
  isCheap: true,
  of: 'folder',
  async run(subject) {
    const { studies } = subject
    if ('error' in studies) return [failedBy(studies.error)]
    if (studies.value.length === 0) return [notChecked('no study is approved yet')]
    return studies.value.map(study => findingOf(study, subject))
  },
}

function findingOf({ document, study }: VerifiedStudy, subject: DoctorSubject): DoctorFinding {
  const named = `“${document.name}” (${study.slice(0, 12)})`
  const [config, peer] = [valueIn(subject.config), valueIn(subject.peer)]
  try {
    if (config !== null) requireStudyWithinCap(document, config)
  } catch (error) {
    if (error instanceof OperatorError) return failedBy(error)
    throw error
  }
  if (peer !== null && !document.hospitals.some(({ id }) => peerIdString(id) === peer)) {
    return {
      state: 'warning',
      found: `${named} does not list this node`,
      remedy: 'Start it with --join to wait until the others admit it; or ask its founder for a study that lists it.',
      exitCode: EXIT.notInRoster,
    }
  }
  return passed(`${named} of ${document.hospitals.length} hospitals`)
}
