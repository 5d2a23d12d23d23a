/** Packs the program and looks at what is in the package. @module */

import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OUTPUT_BYTES_MAX = 1 << 24
/** The packed size that no change exceeds unnoticed. */
const TARBALL_BYTES_MAX = 3_000_000
/** What must never be in it: sources in TypeScript, tests, the simulator, keys and records. */
const NOT_PACKED = /\.[cm]?tsx?$|(^|\/)(test|sim|node_modules|\.git|\.ci)\/|\.test\.|\.npz$|identity\.key$|\.map$/
const NEEDED = [
  ...['package.json', 'npm-shrinkwrap.json', 'sbom.cdx.json', 'THIRD-PARTY-NOTICES', 'LICENSE', 'README.md'],
  ...['dist/node/cli/main.js', 'node/deploy/confrere.service', 'node/examples/config.toml'],
]

/**
 * Packs a copy of what git knows of a repository, so that nothing is made in the repository itself.
 *
 * @param folder an empty one, for the copy and the package
 * @returns the tarball
 */
export async function packCopy(root: string, folder: string): Promise<string> {
  const copy = join(folder, 'repository')
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const { stdout } = await run('git', list, { cwd: root, maxBuffer: OUTPUT_BYTES_MAX })
  const names = stdout.split('\0').filter(name => name !== '' && !name.startsWith('node_modules'))
  for (const name of names) {
    await cp(join(root, name), join(copy, name), { recursive: true }).catch(error => {
      // removed here and not committed yet
      if (error.code !== 'ENOENT') throw error
    })
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  const before = await readdir(copy)
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: copy,
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  const after = await readdir(copy)
  if (after.join() !== before.join()) throw new Error(`npm pack left behind: ${after.filter(n => !before.includes(n))}`)
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as [{ filename: string }]
  return join(folder, filename)
}

/** Unpacks a tarball into `folder`, and returns the files' names. */
export async function unpack(tarball: string, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/** What is wrong with an unpacked package, one line each. */
export async function packageFaults(folder: string, names: readonly string[], bytes: number): Promise<string[]> {
  const places = [homedir(), process.cwd(), '/home/', '/tmp/'].filter(place => place !== '/' && place.length > 3)
  const faults = [
    ...names.filter(name => NOT_PACKED.test(name)).map(name => `${name}: does not belong in the package`),
    ...NEEDED.filter(name => !names.includes(name)).map(name => `${name}: is missing`),
    ...(bytes > TARBALL_BYTES_MAX ? [`the tarball has ${bytes} bytes, at most ${TARBALL_BYTES_MAX}`] : []),
  ]
  for (const name of names.filter(one => !/\.md$|NOTICES$/.test(one))) {
    const text = await readFile(join(folder, name), 'utf8')
    faults.push(...places.filter(place => text.includes(place)).map(place => `${name}: names ${place}`))
  }
  return faults
}
