/**
 * A template's study on its sample data: four hospitals in one process, the production code with all of its noise, the
 * records by the readers of files.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import { DataChecker } from '../../node/datasets/check.ts'
import { type Dataset, eachRecord } from '../../node/datasets/dataset.ts'
import { findingsOf, type SourceFiles } from '../../node/datasets/read-source.ts'
import { readStudyRecords } from '../../node/datasets/study-records.ts'
import { unitsOf } from '../../node/datasets/units.ts'
import { passingDoor } from '../../node/privacy/patient-door.ts'
import { rehearse } from '../../node/privacy-audit/rehearsal.ts'
import { documentOfSpec } from '../../node/study/study-spec.ts'
import { plannedHospitals, readTemplate, type TemplateName } from '../../node/study/templates.ts'
import { loadBackend } from '../../node/training/backend.ts'
import { countedRecords } from '../../node/training/counted.ts'
import { evaluate } from '../../node/training/evaluation.ts'
import { deployed } from '../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'

export interface TemplateRow {
  readonly template: TemplateName
  readonly epsilon: number
  readonly units: number
  readonly test: number
  /** of all hospitals' test records together; of more than two classes the macro mean */
  readonly auc: number
  readonly accuracy: number
  /** mean of the hospitals' own */
  readonly accuracyOfHospitals: number
  /** of always saying the class that the test records have most of */
  readonly constant: number
  /** files that `data check` finds at fault */
  readonly unread: number
  readonly cpuSeconds: number
}

/** Runs a template's study. @param sources the records of each hospital */
export async function rehearseTemplate(template: TemplateName, sources: readonly SourceFiles[]): Promise<TemplateRow> {
  const started = process.cpuUsage()
  const spec = await readTemplate(template, { hospitals: plannedHospitals(sources.length) })
  const { contract } = spec
  const door = passingDoor()
  const read = (files: SourceFiles, split: string): Promise<Dataset> =>
    readStudyRecords(contract, { ...files, split }, { door, cache: null })
  let unread = 0
  for (const files of sources) {
    const checker = new DataChecker(contract)
    for await (const finding of findingsOf(files, { contract, door })) checker.add(finding)
    unread += checker.result().files.filter(({ ok }) => !ok).length
  }
  const parts = await Promise.all(sources.map(files => read(files, 'train')))
  const tests = await Promise.all(sources.map(files => read(files, 'test')))
  const made = (units: number) =>
    documentOfSpec({ ...spec, units }, { created: '2026-01-01T00:00:00Z', file: template }).document
  const units = unitsIn(made(spec.units), parts)
  const document = made(units)
  const backend = await loadBackend({ engine: 'auto' })
  const model = deployed(rehearse({ document, parts, backend, rng: target => void randomFillSync(target) }))
  const measured = (dataset: Dataset) => evaluate({ backend, document, ...model, dataset })
  const { auc, accuracy, count, support } = measured(joined(tests))
  const { user, system } = process.cpuUsage(started)
  return {
    ...{ template, epsilon: document.privacy.epsilon, units, test: count, auc, accuracy, unread },
    accuracyOfHospitals: tests.reduce((sum, test) => sum + measured(test).accuracy, 0) / tests.length,
    constant: Math.max(...support) / count,
    cpuSeconds: (user + system) / 1e6,
  }
}

function unitsIn(document: StudyDocument, parts: readonly Dataset[]): number {
  return parts.reduce((sum, part) => sum + unitsOf(document.unit, countedRecords(document, part)).count, 0)
}

/** The records of all, to be measured on: whose they are is left open. */
function joined(parts: readonly Dataset[]): Dataset {
  const shape = parts[0]!.shape
  const size = shape.reduce((product, length) => product * length, 1)
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  const [inputs, labels, patients] = [new Float32Array(count * size), new Int32Array(count), new Int32Array(count)]
  let at = 0
  for (const part of parts) {
    eachRecord(part, (values, record) => inputs.set(values, (at + record) * size))
    labels.set(part.labels, at)
    at += part.count
  }
  return { count, shape, inputs, labels, patients }
}
