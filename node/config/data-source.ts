/** Which of the config's data sets a study takes. @module */

import { type DataSource, sourceId } from '../datasets/source.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { NodeConfig } from './config.ts'

type DataConfig = Pick<NodeConfig, 'data' | 'datasets'>

/**
 * The data set of a study: the one that was named when it was approved; else `data.file`; else the only one there is.
 *
 * @param name null: none was named
 * @returns null when the config has no data
 * @throws OperatorError `unknown-dataset`, `which-dataset`, exit code 3
 */
export function dataSourceOf({ data, datasets }: DataConfig, name: string | null): DataSource | null {
  const names = Object.keys(datasets)
  if (name !== null) {
    if (Object.hasOwn(datasets, name)) return datasets[name]!
    throw new OperatorError('unknown-dataset', `There is no data set "${name}" in config.toml`, {
      hint: names.length === 0 ? 'Add it with "confrere data add".' : `Name one of these: ${names.join(', ')}.`,
      exitCode: EXIT.config,
    })
  }
  if (data.file !== null) return fileSource(data.file, data.split)
  if (names.length <= 1) return names.length === 0 ? null : datasets[names[0]!]!
  throw new OperatorError('which-dataset', `config.toml has several data sets: ${names.join(', ')}`, {
    hint: 'Approve the study again and say which: confrere study approve FILE --dataset NAME.',
    exitCode: EXIT.config,
  })
}

/** The data set of another name, or the file of `[data]`, that reads the same records as one does; null: none. */
export function sameSource({ data, datasets }: DataConfig, name: string): string | null {
  const own = sourceId(datasets[name]!)
  if (data.file !== null && sourceId(fileSource(data.file, data.split)) === own) return 'data.file'
  return Object.keys(datasets).find(other => other !== name && sourceId(datasets[other]!) === own) ?? null
}

/** A file or folder of which nothing more is known. */
export function fileSource(path: string, split: string): DataSource {
  return { path, pacs: null, split, list: null, columns: {}, names: null }
}
