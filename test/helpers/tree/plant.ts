/** Plants one bug into the production code as it loads, in processes started with `node --import`. @module */

import { existsSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = join(import.meta.dirname, '../../..')

/** Environment variable with the bug's name. */
export const PLANT_VARIABLE = 'CONFRERE_PLANT'

export interface SourcePlant {
  readonly name: string
  /** path from the repository's root */
  readonly file: string
  /** occurs there exactly once */
  readonly find: string
  readonly replace: string
}

let planted = false

/** Whether the bug was planted. */
export function isPlanted(): boolean {
  return planted
}

/**
 * Bugs that cannot be planted: the file is missing, the text does not occur exactly once or equals its replacement, or
 * two different bugs have one name.
 */
export function misfitsOf(plants: readonly SourcePlant[]): string[] {
  return plants.flatMap(({ name, file, find, replace }) => {
    const path = join(ROOT, file)
    const namesake = plants.find(other => other.name === name)
    const differs = namesake?.file !== file || namesake.find !== find || namesake.replace !== replace
    if (differs) return [`${name}: another bug has this name`]
    if (!existsSync(path)) return [`${name}: there is no ${file}`]
    const times = readFileSync(path, 'utf8').split(find).length - 1
    if (find === '' || times !== 1) return [`${name}: ${file} holds ${times} times, not once: ${find}`]
    return replace === find ? [`${name}: nothing is replaced`] : []
  })
}

/** Plants the bug that the environment names, if any. */
export function plantFrom(plants: readonly SourcePlant[]): void {
  const plant = plants.find(({ name }) => name === process.env[PLANT_VARIABLE])
  if (plant === undefined) return
  const [misfit] = misfitsOf([plant])
  if (misfit !== undefined) throw new Error(misfit)
  const { file, find, replace } = plant
  const target = pathToFileURL(join(ROOT, file)).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      const source = String(loaded.source)
      if (source.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`)
      planted = true
      return { ...loaded, source: source.replace(find, () => replace) }
    },
  })
}
