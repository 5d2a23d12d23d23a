/** Plants one bug when the production code is loaded: `node --import`, with the bug's name in `CONFRERE_PLANT`. @module */

import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PLANTS } from './plants.ts'

const ROOT = join(import.meta.dirname, '../../..')

const plant = PLANTS.find(({ name }) => name === process.env['CONFRERE_PLANT'])
if (plant !== undefined) {
  const { file, find, replace } = plant
  const target = pathToFileURL(join(ROOT, file)).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      const source = String(loaded.source)
      if (source.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`)
      return { ...loaded, source: source.replace(find, () => replace) }
    },
  })
}
