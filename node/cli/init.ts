/** `confrere init`: creates a data folder. @module */

import { access, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { CONFIG_FILE } from '../config/config.ts'
import { renderConfig } from '../config/config-template.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { STUDIES_FOLDER } from '../storage/approved-studies.ts'
import { writeFileNew } from '../storage/atomic-file.ts'
import { folderUnusable } from '../storage/data-folder.ts'
import { createIdentity, IDENTITY_FILE } from '../storage/identity.ts'
import { addDataOption, collect, parseNumber, parsePort } from './options.ts'
import { printLines } from './output.ts'

interface InitOptions {
  data: string
  site: string
  npz?: string
  split?: string
  listen?: string[]
  bootstrap?: string[]
  httpPort?: number
  epsilonMax?: number
}

export function addInit(command: Command): void {
  addDataOption(command)
    .requiredOption('--site <name>', "the hospital's name")
    .option('--npz <file>', 'the records, a NumPy .npz')
    .option('--split <name>', 'which arrays of it: <name>_images, <name>_labels')
    .addOption(new Option('--listen <multiaddr>', 'where others reach this node; repeatable').argParser(collect))
    .addOption(new Option('--bootstrap <multiaddr>', 'an address to dial first; repeatable').argParser(collect))
    .addOption(new Option('--http-port <number>', 'port of the status page on loopback').argParser(parsePort))
    .addOption(new Option('--epsilon-max <number>', 'refuse studies that may spend more').argParser(parseNumber))
    .action(init)
}

async function init({ data, npz, ...choices }: InitOptions): Promise<void> {
  const file = join(data, CONFIG_FILE)
  const text = renderConfig({ ...choices, ...(npz === undefined ? {} : { file: resolve(npz) }) }, file)
  for (const name of [CONFIG_FILE, IDENTITY_FILE]) await requireAbsent(join(data, name))
  try {
    await mkdir(join(data, STUDIES_FOLDER), { recursive: true, mode: 0o700 })
    const identity = await createIdentity(data)
    await writeFileNew(file, text)
    printLines(`Created ${data} for ${choices.site}.`, `Peer id: ${identity.peer}`)
  } catch (error) {
    throw folderUnusable(data, error)
  }
}

async function requireAbsent(file: string): Promise<void> {
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (!exists) return
  throw new OperatorError('already-initialised', `${file} exists already: nothing was changed`, {
    hint: 'Choose another folder with --data, or edit config.toml.',
    exitCode: EXIT.config,
  })
}
