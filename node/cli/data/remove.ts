/** `confrere data remove`: forgets a data set and deletes what was kept of it; the files themselves stay. @module */

import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { dataSourceOf, sameSource } from '../../config/data-source.ts'
import { removeDatasetTable } from '../../config/dataset-table.ts'
import { recordCacheOf } from '../../datasets/record-cache.ts'
import { sourceId } from '../../datasets/source.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { approvedStudies, boundDataset } from '../../storage/approved-studies.ts'
import { addDataOption } from '../options.ts'
import { printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'

export function addDataRemove(command: Command): void {
  addDataOption(command).argument('<name>', 'the data set').action(removeData)
}

async function removeData(name: string, { data }: { data: string }): Promise<void> {
  const config = await readConfig(data)
  const source = dataSourceOf(config, name)!
  for (const { study, document } of await approvedStudies(data)) {
    if ((await boundDataset(data, study)) !== name) continue
    throw new OperatorError('dataset-in-use', `The study "${document.name}" takes the data set "${name}"`, {
      hint: 'Approve the study with another one first: confrere study approve FILE --dataset NAME.',
      exitCode: EXIT.config,
    })
  }
  await removeDatasetTable(data, name)
  actsOn(name)
  const other = sameSource(config, name)
  if (other === null) await recordCacheOf(data).forget(sourceId(source))
  const kept =
    other === null ? ' and what was kept of its records' : `; "${other}" has the same records, which stay kept`
  printLines(`Removed "${name}"${kept}. ${source.path} itself was not touched.`)
}
