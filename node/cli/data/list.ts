/** `confrere data list`: the data sets of a data folder. @module */

import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { approvedStudies, boundDataset } from '../../storage/approved-studies.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

export function addDataList(command: Command): void {
  addJsonOption(addDataOption(command)).action(listData)
}

async function listData({ data, json }: { data: string; json?: true }): Promise<void> {
  const config = await readConfig(data)
  const studies = await Promise.all(
    (await approvedStudies(data)).map(async ({ study, document }) => ({
      ...{ study, name: document.name },
      dataset: await boundDataset(data, study),
    })),
  )
  const datasets = Object.entries(config.datasets).map(([name, { path, split }]) => ({
    ...{ name, path, split },
    studies: studies.filter(({ dataset }) => dataset === name).map(study => study.name),
  }))
  if (json) printJson({ file: config.data.file, datasets })
  else if (datasets.length === 0 && config.data.file === null) {
    printLines('There are no data sets. Add one: confrere data add NAME PATH --contract STUDY')
  } else {
    printLines(
      ...(config.data.file === null ? [] : [`data.file  ${config.data.file} (${config.data.split})`]),
      ...datasets.map(
        ({ name, path, split, studies }) =>
          `${name}  ${path} (${split})${studies.length === 0 ? '' : `, for ${studies.join(', ')}`}`,
      ),
    )
  }
}
