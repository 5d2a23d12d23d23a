/** The program's own version. @module */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The `version` of package.json, which lies above this file in a checkout and above `dist/` in the package. */
export function readVersion(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (name === 'confrere') return version
    } catch {
      // no package.json here: one folder up
    }
  }
  return 'unknown'
}
