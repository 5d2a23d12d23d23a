/**
 * Every template of a study on its sample data: four hospitals in one process, or as four processes.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TEMPLATE_NAMES, type TemplateName } from '../../node/study/templates.ts'
import { killAll } from '../processes/child.ts'
import { type ProcessesRow, runTemplate } from '../templates/processes.ts'
import { rehearseTemplate, type TemplateRow } from '../templates/rehearsed.ts'
import { sampleFolder, writeSample } from '../templates/sample.ts'

export interface TemplatesInit {
  /** the folder of all sample data */
  readonly data: string
  /** whether hospitals are processes */
  readonly processes: boolean
  /** absent: all */
  readonly only: string | undefined
  readonly done: (row: BenchedTemplate) => void
}

export interface BenchedTemplate {
  readonly row: TemplateRow | ProcessesRow
  readonly wallSeconds: number
}

/** Runs templates one after the other; those without sample data are left out. */
export async function benchTemplates({ data, processes, only, done }: TemplatesInit): Promise<void> {
  const wanted = TEMPLATE_NAMES.filter(name => only === undefined || only === name)
  for (const template of wanted.filter(name => existsSync(join(data, sampleFolder(name))))) {
    const started = performance.now()
    const root = await mkdtemp(join(tmpdir(), 'confrere-template-'))
    try {
      const row = await benchTemplate(template, { data, root, processes })
      done({ row, wallSeconds: (performance.now() - started) / 1000 })
    } finally {
      killAll()
      await rm(root, { recursive: true, force: true })
    }
  }
}

async function benchTemplate(
  template: TemplateName,
  { data, root, processes }: { data: string; root: string; processes: boolean },
): Promise<TemplateRow | ProcessesRow> {
  const folder = join(root, 'sample')
  await mkdir(folder)
  const sources = await writeSample(template, { data, root: folder })
  return processes ? await runTemplate(template, { sources, root }) : await rehearseTemplate(template, sources)
}
