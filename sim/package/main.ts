/**
 * `npm run package:check [-- --keep]`: packs the program, installs the package into an empty folder as an operator would,
 * and runs three hospitals with nothing else. Needs npm's registry or its cache.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stopAll } from '../processes/child.ts'
import { packageFaults, packCopy, unpack } from './packed.ts'
import { trainThree } from './three-hospitals.ts'

const run = promisify(execFile)
const ROUNDS = 3
const TIME_MS_MAX = 300_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const folder = await mkdtemp(join(tmpdir(), 'confrere-package-'))
try {
  const tarball = await packCopy(join(import.meta.dirname, '../..'), folder)
  const { size } = await stat(tarball)
  const unpacked = join(folder, 'unpacked')
  const names = await unpack(tarball, unpacked)
  const faults = await packageFaults(unpacked, names, size)
  say(`packed: ${names.length} files, ${size} bytes`)
  for (const fault of faults) say(fault)
  const installed = join(folder, 'installed')
  await mkdir(installed)
  await writeFile(join(installed, 'package.json'), '{"private":true}\n')
  // no scripts: the only one that does something would download a GPU library
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball]
  await run('npm', install, { cwd: installed, maxBuffer: 1 << 24 })
  say('installed into an empty folder')
  const program = join(installed, 'node_modules/confrere/dist/node/cli/main.js')
  const { stdout } = await run(join(installed, 'node_modules/.bin/confrere'), ['--version'])
  say(`confrere ${stdout.trim()}`)
  const signal = AbortSignal.timeout(TIME_MS_MAX)
  const model = await trainThree(program, { folder: join(folder, 'hospitals'), rounds: ROUNDS, signal })
  say(`three hospitals finished ${ROUNDS} rounds with the model ${model.slice(0, 12)}`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await stopAll()
  if (process.argv.includes('--keep')) say(`kept: ${folder}`)
  else await rm(folder, { recursive: true, force: true })
}
