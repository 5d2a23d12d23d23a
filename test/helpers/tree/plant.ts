/** Plants one bug when the production code is loaded, for processes that are started with `node --import`. @module */

import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = join(import.meta.dirname, '../../..')

/** The bug's name travels in this variable of the environment. */
export const PLANT_VARIABLE = 'CONFRERE_PLANT'

export interface SourcePlant {
  readonly name: string
  /** path from the repository's root */
  readonly file: string
  /** stands there exactly once */
  readonly find: string
  readonly replace: string
}

/** Plants what the environment names; nothing when it names nothing. */
export function plantFrom(plants: readonly SourcePlant[]): void {
  const plant = plants.find(({ name }) => name === process.env[PLANT_VARIABLE])
  if (plant === undefined) return
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
