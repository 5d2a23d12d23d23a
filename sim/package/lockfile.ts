/**
 * The packages that an installed program needs, from package-lock.json: the same tree as a shrinkwrap, and whether their
 * licences let them be passed on.
 *
 * @module
 */

/** One package of a lockfile; the names are npm's. */
export interface LockedPackage {
  readonly version?: string
  readonly license?: string
  /** needed for development alone */
  readonly dev?: boolean
  readonly optional?: boolean
  readonly [field: string]: unknown
}

export interface Lockfile {
  readonly lockfileVersion: number
  /** by folder, such as `node_modules/zod`; the program itself by the empty name */
  readonly packages: Readonly<Record<string, LockedPackage>>
  readonly [field: string]: unknown
}

/** SPDX ids of licences under which a package may be one of ours. */
const LICENCES = new Set([
  ...['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'Zlib'],
  ...['BlueOak-1.0.0', 'CC0-1.0', 'Unlicense', 'Python-2.0'],
])
/** sharp loads libvips as a shared library, which whoever installs it can replace: what the LGPL asks for. */
const LIBRARIES = { licence: 'LGPL-3.0-or-later', name: /^@img\/sharp-/ }

/** The lockfile without what only development needs, as `npm-shrinkwrap.json`. */
export function shrinkwrapOf(lock: Lockfile): Lockfile {
  const { '': program, ...rest } = lock.packages
  const { devDependencies: _, ...root } = program ?? {}
  return { ...lock, packages: { '': root, ...Object.fromEntries(Object.entries(rest).filter(([, { dev }]) => !dev)) } }
}

/** The package's name, from its folder in a lockfile. */
export function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** Packages under a licence that is none of those, one line each. */
export function licenceViolations({ packages }: Lockfile): string[] {
  return Object.entries(packages)
    .filter(([folder, { dev, license = '' }]) => folder !== '' && !dev && !mayBePassedOn(nameOf(folder), license))
    .map(([folder, { version, license }]) => `${nameOf(folder)} ${version}: ${license ?? 'no licence'}`)
}

/** Whether all parts of an SPDX expression are allowed; of alternatives one is enough. Parentheses hold one level. */
function mayBePassedOn(name: string, licence: string): boolean {
  const allowed = (id: string): boolean => LICENCES.has(id) || (id === LIBRARIES.licence && LIBRARIES.name.test(name))
  return licence
    .replace(/^\((.*)\)$/, '$1')
    .split(' AND ')
    .every(part =>
      part
        .replace(/^\((.*)\)$/, '$1')
        .split(' OR ')
        .some(allowed),
    )
}
