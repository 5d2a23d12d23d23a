/** Plants one bug when the production code is loaded, for processes that are started with `node --import`. @module */

import { existsSync, readFileSync } from 'node:fs'
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

let planted = false

/** Whether the production code runs with the bug in it. */
export function isPlanted(): boolean {
  return planted
}

/**
 * What of some bugs could not be planted: a file that is not there, a text that does not stand in it exactly once or that
 * the replacement leaves as it is, a name that two different bugs have.
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

/** Plants what the environment names; nothing when it names nothing. */
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
