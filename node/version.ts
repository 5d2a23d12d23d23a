/** The program's own package: its version, and where its files lie. @module */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Package {
  readonly folder: string
  readonly version: string
  readonly engines?: { readonly node?: string }
}

/** package.json lies above this file in a checkout, and above `dist/` in the package. */
function ownPackage(): Package | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name, version, engines } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (name === 'confrere') return { folder, version, engines }
    } catch {
      // no package.json here: one folder up
    }
  }
  return undefined
}

/** The `version` of package.json. */
export function readVersion(): string {
  return ownPackage()?.version ?? 'unknown'
}

/** The oldest Node.js that the package runs on, such as 22.12.0. */
export function requiredNode(): string {
  return ownPackage()?.engines?.node?.replace(/^>=/, '') ?? '0.0.0'
}

/** The path of a file of the package, for an operator to open; without a package, its name inside it. */
export function packageFile(name: string): string {
  const folder = ownPackage()?.folder
  return folder === undefined ? name : join(folder, name)
}
