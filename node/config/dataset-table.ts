/** The tables of data sets in `config.toml`, as commands write and delete them; all else in the file stays as it is. @module */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataSource } from '../datasets/source.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileAtomic } from '../storage/atomic-file.ts'
import { CONFIG_FILE, parseConfig, readConfig } from './config.ts'
import { DATASET_NAME_SCHEMA } from './dataset-schema.ts'

/** @throws OperatorError `bad-dataset-name`, exit code 2 */
export function requireDatasetName(name: string): void {
  const found = DATASET_NAME_SCHEMA.safeParse(name)
  if (found.success) return
  throw new OperatorError('bad-dataset-name', `${JSON.stringify(name)} ${found.error.issues[0]!.message}`, {
    hint: 'Choose a name such as chest-2024.',
    exitCode: EXIT.usage,
  })
}

/** Adds a data set. @throws OperatorError `dataset-exists`, exit code 3; as `readConfig` */
export async function addDatasetTable(folder: string, name: string, source: DataSource): Promise<void> {
  const { datasets } = await readConfig(folder)
  if (Object.hasOwn(datasets, name)) {
    throw new OperatorError('dataset-exists', `There is a data set "${name}" already`, {
      hint: `Choose another name, or remove it first: confrere data remove ${name}.`,
      exitCode: EXIT.config,
    })
  }
  const { path, pacs, split, list, columns, names } = source
  const place = pacs === null ? { path } : { dicomweb: path }
  const lines = Object.entries({ ...place, split, list, names }).flatMap(([key, value]) =>
    value === null ? [] : [`${key} = ${JSON.stringify(value)}`],
  )
  for (const [key, value] of Object.entries(pacs ?? {})) lines.push(`query.${key} = ${JSON.stringify(value)}`)
  for (const [key, value] of Object.entries(columns)) lines.push(`columns.${key} = ${JSON.stringify(value)}`)
  await change(folder, text => `${text.trimEnd()}\n\n[datasets.${name}]\n${lines.join('\n')}\n`)
}

/** Deletes a data set's table. @throws OperatorError `unknown-dataset`, `dataset-elsewhere`, exit code 3 */
export async function removeDatasetTable(folder: string, name: string): Promise<void> {
  await change(folder, text => {
    const lines = text.split('\n')
    const start = lines.findIndex(line => line.trim() === `[datasets.${name}]`)
    if (start < 0) {
      throw new OperatorError('dataset-elsewhere', `${CONFIG_FILE} has no line [datasets.${name}]`, {
        hint: `Delete the data set from ${join(folder, CONFIG_FILE)} by hand.`,
        exitCode: EXIT.config,
      })
    }
    const length = lines.slice(start + 1).findIndex(line => line.trimStart().startsWith('['))
    lines.splice(start, length < 0 ? lines.length : length + 1)
    return `${lines.join('\n').trimEnd()}\n`
  })
}

async function change(folder: string, edit: (text: string) => string): Promise<void> {
  const file = join(folder, CONFIG_FILE)
  const text = edit(await readFile(file, 'utf8'))
  parseConfig(text, file)
  await writeFileAtomic(file, text)
}
