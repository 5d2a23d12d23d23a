/** All checks, in the order in which they are told. @module */

import type { DoctorCheck } from './check.ts'
import { clockCheck } from './clock.ts'
import { configCheck } from './config-file.ts'
import { engineCheck } from './engine.ts'
import { folderCheck } from './folder.ts'
import { identityCheck } from './identity-file.ts'
import { ledgerCheck } from './ledger.ts'
import { machineCheck } from './machine.ts'
import { multicastCheck } from './multicast.ts'
import { nodeVersionCheck } from './node-version.ts'
import { peersCheck } from './peers.ts'
import { portsCheck } from './ports.ts'
import { proxyCheck } from './proxy.ts'
import { recordsCheck } from './records.ts'
import { storeCheck } from './store.ts'
import { studiesCheck } from './studies.ts'

export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  nodeVersionCheck,
  folderCheck,
  configCheck,
  identityCheck,
  ledgerCheck,
  storeCheck,
  studiesCheck,
  recordsCheck,
  machineCheck,
  engineCheck,
  portsCheck,
  proxyCheck,
  peersCheck,
  multicastCheck,
  clockCheck,
]
