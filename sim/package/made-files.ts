/** What is made for the package and is not in the repository. @module */

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Lockfile, licenceViolations, shrinkwrapOf } from './lockfile.ts'
import { noticesText } from './notices.ts'

const run = promisify(execFile)
const OUTPUT_BYTES_MAX = 1 << 26
const SBOM = 'sbom.cdx.json'
const NOTICES = 'THIRD-PARTY-NOTICES'
const SHRINKWRAP = 'npm-shrinkwrap.json'
const DIST = 'dist'

/** Files and folders that `makeFiles` makes, from the root of the repository. */
export const MADE_FILES = [DIST, SBOM, NOTICES, SHRINKWRAP]

/**
 * Makes them: the program as JavaScript, its bill of materials, the notices and the pinned tree of its packages. The
 * same repository gives the same bytes.
 *
 * @throws Error when a package's licence does not let it be passed on, or a tool fails
 */
export async function makeFiles(root: string): Promise<void> {
  await removeMadeFiles(root)
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lockfile
  const violations = licenceViolations(lock)
  if (violations.length > 0) throw new Error(`Packages that may not be passed on:\n${violations.join('\n')}`)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, '-p', 'sim/package/tsconfig.json'], { cwd: root }).catch(error => {
    throw new Error(`tsc: ${error.stdout || error.message}`, { cause: error })
  })
  const shrinkwrap = shrinkwrapOf(lock)
  await writeFile(join(root, SBOM), `${JSON.stringify(await billOfMaterials(root, shrinkwrap), null, 1)}\n`)
  await writeFile(join(root, NOTICES), await noticesText(root, shrinkwrap))
  // the last one: npm would prefer it to package-lock.json
  await writeFile(join(root, SHRINKWRAP), `${JSON.stringify(shrinkwrap, null, 2)}\n`)
}

/** Removes them, so that the repository is as before. */
export async function removeMadeFiles(root: string): Promise<void> {
  for (const name of MADE_FILES) await rm(join(root, name), { recursive: true, force: true })
}

/**
 * npm's CycloneDX of the shrinkwrap, without the time, the random number and the folder's name that it has from this
 * machine. It is made apart from the development packages: beside them npm leaves out what both need.
 */
async function billOfMaterials(root: string, shrinkwrap: Lockfile): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'confrere-sbom-'))
  try {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const { devDependencies: _, scripts: __, ...program } = manifest
    await writeFile(join(folder, 'package.json'), JSON.stringify(program))
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(shrinkwrap))
    const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only']
    const { stdout } = await run('npm', args, { cwd: folder, maxBuffer: OUTPUT_BYTES_MAX })
    const { serialNumber: ___, metadata, ...rest } = JSON.parse(stdout)
    const { name } = manifest
    return { ...rest, metadata: { component: { ...metadata.component, type: 'application', name } } }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
