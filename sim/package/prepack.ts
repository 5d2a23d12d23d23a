/** npm runs this before it packs, and with `--after` when it has packed. @module */

import { join } from 'node:path'
import { makeFiles, removeMadeFiles } from './made-files.ts'

const root = join(import.meta.dirname, '../..')
if (process.argv.includes('--after')) await removeMadeFiles(root)
else await makeFiles(root)
