/** Leaks that the search for canaries must find. @module */

import type { SourcePlant } from '../tree/plant.ts'

export const LEAKS: readonly SourcePlant[] = [
  {
    name: 'a file name in the log',
    file: 'node/datasets/read-source.ts',
    find: '    read += 1\n',
    replace: "    read += 1\n    process.stderr.write(file + '\\n')\n",
  },
  {
    name: 'an id in the cache',
    file: 'node/privacy/patient-key.ts',
    find: "const digest = createHmac('sha256', key).update(TAG).update(id.trim().normalize('NFC')).digest()",
    replace: 'const digest = Buffer.from(id.trim().padEnd(32))',
  },
  {
    name: 'a hash without a key in the cache',
    file: 'node/privacy/patient-key.ts',
    find: "const digest = createHmac('sha256', key).update(TAG)",
    replace: "const digest = process.getBuiltinModule('node:crypto').createHash('sha256')",
  },
]
