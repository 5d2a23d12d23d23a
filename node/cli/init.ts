/** `confrere init`: creates a data folder. @module */

import { lstat, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { CONFIG_FILE, type NodeConfig, parseConfig } from '../config/config.ts'
import { renderConfig } from '../config/config-template.ts'
import type { RecordsFound } from '../datasets/format.ts'
import { inspectDataset } from '../datasets/open-dataset.ts'
import { adviceLines } from '../doctor/examine.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { createLedger, LEDGER_PATH, ledgerPath, readLedgerFile } from '../privacy/ledger-file.ts'
import { STUDIES_FOLDER } from '../storage/approved-studies.ts'
import { writeFileNew } from '../storage/atomic-file.ts'
import { createDataFolder, folderUnusable } from '../storage/data-folder.ts'
import { createIdentity, IDENTITY_FILE } from '../storage/identity.ts'
import { requireApart } from '../storage/source-tree.ts'
import { addDataOption, collect, parseNumber, parsePort } from './options.ts'
import { printLines } from './output.ts'

export interface InitOptions {
  data: string
  site: string
  npz?: string
  split?: string
  listen?: string[]
  bootstrap?: string[]
  httpPort?: number
  epsilonMax?: number
  population?: string
  ledger?: string
}

export function addInit(command: Command): void {
  addInitOptions(addDataOption(command).requiredOption('--site <name>', "the hospital's name")).action(
    async (options: InitOptions) => printLines(...(await initFolder(options))),
  )
}

/** Adds what a new data folder may be told, beside its place and its site. */
export function addInitOptions(command: Command): Command {
  return command
    .option('--npz <file>', 'the records, a NumPy .npz')
    .option('--split <name>', 'which arrays of it: <name>_images, <name>_labels')
    .addOption(new Option('--listen <multiaddr>', 'where others reach this node; repeatable').argParser(collect))
    .addOption(new Option('--bootstrap <multiaddr>', 'an address to dial first; repeatable').argParser(collect))
    .addOption(new Option('--http-port <number>', 'port of the status page on loopback').argParser(parsePort))
    .addOption(new Option('--epsilon-max <number>', 'refuse studies that may spend more').argParser(parseNumber))
    .option('--population <name>', 'an account of its own for patients that are in no other account')
    .option('--ledger <file>', 'the ledger of the key that this node takes the place of')
}

/** Creates a data folder. @returns what to say of it @throws OperatorError; nothing is left half made */
export async function initFolder({ data, npz, ledger, ...choices }: InitOptions): Promise<string[]> {
  const file = join(data, CONFIG_FILE)
  const text = renderConfig({ ...choices, ...(npz === undefined ? {} : { file: resolve(npz) }) }, file)
  await requireNew(data)
  const tree = await requireApart(data)
  const records = await inspectRecords(parseConfig(text, file))
  const former = ledger === undefined ? '' : await formerLedger(ledger)
  try {
    await createDataFolder(data, STUDIES_FOLDER)
    await createLedger(data, former)
    const identity = await createIdentity(data)
    await writeFileNew(file, text)
    return [
      `Created ${data} for ${choices.site}.`,
      `Peer id: ${identity.peer}`,
      ...recordsLines(records, data),
      ...treeLines(data, tree),
      ...(await adviceLines(data)),
    ]
  } catch (error) {
    throw folderUnusable(data, error)
  }
}

async function inspectRecords({ data: { file, split } }: NodeConfig): Promise<RecordsFound | null> {
  return file === null ? null : await inspectDataset(file, split)
}

/** What there is to say of the records. Without any, what the operator types once there is a study to read them for. */
function recordsLines(records: RecordsFound | null, data: string): string[] {
  if (records !== null) {
    const found = `Records: ${records.count}, ${records.shape.join('x')}.`
    return [`${found} "confrere study approve" checks whether they fit a study.`]
  }
  return [
    `To do: once a study is proposed ("confrere study list --data ${data}"), read your records for it, and approve it with them:`,
    `  confrere data add NAME PATH --contract STUDY --data ${data}`,
    `  confrere study approve STUDY --dataset NAME --data ${data}`,
    "NAME is your choice, PATH a file or folder, STUDY the beginning of the study's id, or its file.",
  ]
}

function treeLines(data: string, tree: string | null): string[] {
  if (tree === null) return []
  return [
    `Warning: ${data} lies in the source tree ${tree}. Its .gitignore keeps it out of commits, but cleaning that tree ` +
      '("git clean -x") or replacing it deletes the key and the ledger: a folder outside is safer.',
  ]
}

/** The text of a ledger to begin with, which is verified first. @throws OperatorError as `readLedgerFile` */
async function formerLedger(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(cause => {
    throw new OperatorError('no-ledger', `There is no ledger ${file}`, {
      hint: 'Name the file privacy/ledger of the former data folder, or its newest copy.',
      exitCode: EXIT.dataUnreadable,
      cause,
    })
  })
  await readLedgerFile(file)
  return text
}

/** Makes sure that no data folder is there, nor a part of one. */
async function requireNew(data: string): Promise<void> {
  const isThere = (name: string): Promise<boolean> =>
    lstat(join(data, name)).then(
      () => true,
      () => false,
    )
  const [config, identity] = [await isThere(CONFIG_FILE), await isThere(IDENTITY_FILE)]
  if (!config && !identity) return
  const [there, lost] = config ? [CONFIG_FILE, IDENTITY_FILE] : [IDENTITY_FILE, CONFIG_FILE]
  if (identity && !(await isThere(LEDGER_PATH))) {
    throw new OperatorError(
      'ledger-missing',
      `${join(data, IDENTITY_FILE)} is the key of a hospital, and its ledger, ${ledgerPath(data)}, is missing: nothing was changed`,
      {
        hint: 'Restore the ledger and config.toml from the newest backup: without the ledger nobody knows what this hospital has spent.',
        exitCode: EXIT.config,
      },
    )
  }
  const restore = `Restore ${join(data, lost)} from a backup`
  throw new OperatorError('already-initialised', `${join(data, there)} exists already: nothing was changed`, {
    hint: `${config && identity ? `Edit ${join(data, CONFIG_FILE)}` : restore}, or choose another folder with --data.`,
    exitCode: EXIT.config,
  })
}
