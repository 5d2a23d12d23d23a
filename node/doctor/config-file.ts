/** Whether `config.toml`, with the environment, says what a node can use. @module */

import { join } from 'node:path'
import { CONFIG_FILE } from '../config/config.ts'
import { type DoctorCheck, failedBy, passed } from './check.ts'

export const configCheck: DoctorCheck = {
  name: 'config',
  isCheap: true,
  of: 'folder',
  async run({ folder, config }) {
    return ['error' in config ? failedBy(config.error) : passed(`${join(folder, CONFIG_FILE)} of ${config.value.site}`)]
  },
}
