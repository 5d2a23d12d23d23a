/**
 * Keeps data folders out of source trees. A data folder holds a private key, the ledger and perhaps the records; a
 * source tree is committed, published and cleaned up.
 *
 * @module
 */

import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { packageFile } from '../version.ts'
import { folderUnusable, GITIGNORE_FILE, GITIGNORE_TEXT } from './data-folder.ts'

const GIT = '.git'
/** Systems that do not read the .gitignore of a data folder. */
const OTHER_SYSTEMS = ['.hg', '.svn']
const ROOT_ENTRIES = [GIT, ...OTHER_SYSTEMS, 'package.json']
const INSTALLED = 'node_modules'

/**
 * Makes sure that a folder may become a data folder: it is no source tree, and no part of one that has files already.
 * Symbolic links are followed first. A new or empty folder inside a git checkout passes, since its own `.gitignore` keeps
 * it out of commits.
 *
 * @returns the root of the source tree that it would lie in, or null
 * @throws OperatorError `source-tree`, `folder-not-writable`; exit code 3
 */
export async function requireApart(folder: string): Promise<string | null> {
  try {
    const real = await realFolder(resolve(folder))
    if (real.split(sep).includes(INSTALLED)) {
      const why = `npm replaces what is in ${INSTALLED}`
      throw refusal(folder, why, `Name a folder outside of ${INSTALLED} with --data.`)
    }
    const entries = await entriesOf(real)
    const entry = await rootEntry(real, entries)
    if (entry !== undefined) throw refusal(folder, `it is the root of a source tree (it holds ${entry})`, NAME_NEW)
    return await requireRoom(folder, { real, isEmpty: entries.every(name => name === GITIGNORE_FILE) })
  } catch (error) {
    throw folderUnusable(folder, error)
  }
}

const NAME_NEW = 'Name a folder that does not exist yet with --data, best outside of any source tree.'

/** Looks for source trees around a folder. */
async function requireRoom(
  folder: string,
  { real, isEmpty }: { real: string; isEmpty: boolean },
): Promise<string | null> {
  const program = await realFolder(resolve(dirname(packageFile('package.json'))))
  for (let above = dirname(real); ; above = dirname(above)) {
    for (const system of OTHER_SYSTEMS) {
      if (!(await exists(join(above, system)))) continue
      throw refusal(folder, `it lies in the source tree ${above}`, `Name a folder outside of ${above} with --data.`)
    }
    if (above === program || (await exists(join(above, GIT)))) {
      if (!isEmpty) throw refusal(folder, `it is a part of the source tree ${above} and has files already`, NAME_NEW)
      return above
    }
    if (above === dirname(above)) return null
  }
}

/** What shows that a folder is the root of a source tree. */
async function rootEntry(real: string, entries: readonly string[]): Promise<string | undefined> {
  const found = ROOT_ENTRIES.find(name => entries.includes(name))
  if (found !== undefined || !entries.includes(GITIGNORE_FILE)) return found
  const text = await readFile(join(real, GITIGNORE_FILE), 'utf8').catch(() => '')
  return text === GITIGNORE_TEXT ? undefined : `a ${GITIGNORE_FILE} of its own`
}

/** The path without symbolic links, also of a folder that is still to be made. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === dirname(path)) throw error
    return join(await realFolder(dirname(path)), basename(path))
  }
}

async function entriesOf(real: string): Promise<string[]> {
  return await readdir(real).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}

function refusal(folder: string, why: string, hint: string): OperatorError {
  return new OperatorError('source-tree', `${folder} cannot become a data folder, which holds a private key: ${why}`, {
    hint,
    exitCode: EXIT.config,
  })
}
