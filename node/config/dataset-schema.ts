/** Data sets in `config.toml`. @module */

import { z } from 'zod'
import type { DataSource } from '../datasets/source.ts'

/** Of a data set: it is a key of a TOML table and an argument of commands. */
export const DATASET_NAME_SCHEMA = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'is no name of a data set: small letters, digits and hyphens, at most 40')

const text = z.string().min(1)
const day = z.string().regex(/^\d{8}$/, 'is not a day such as 20240131')

const DATASET_SCHEMA = z
  .strictObject({
    /** a file or a folder */
    path: text.optional(),
    /** address of a PACS's DICOMweb service, instead of a path */
    dicomweb: z.url({ protocol: /^https?$/ }).optional(),
    /** what is asked of the PACS */
    query: z
      .strictObject({
        modality: text.exactOptional(),
        bodyPart: text.exactOptional(),
        from: day.exactOptional(),
        to: day.exactOptional(),
      })
      .default({}),
    split: text.default('train'),
    /** a CSV with label, patient and split of each file */
    list: text.optional(),
    /** other names of the list's columns */
    columns: z
      .strictObject({
        file: text.exactOptional(),
        label: text.exactOptional(),
        patient: text.exactOptional(),
        split: text.exactOptional(),
      })
      .default({}),
    /** pattern of the files' names */
    names: text.optional(),
  })
  .refine(({ path, dicomweb }) => (path === undefined) !== (dicomweb === undefined), {
    error: 'needs either path or dicomweb',
  })

export const DATASETS_SCHEMA = z.record(DATASET_NAME_SCHEMA, DATASET_SCHEMA)

/** The same as sources. @param absolute makes a path relative to the config absolute */
export function locatedDatasets(
  datasets: z.output<typeof DATASETS_SCHEMA>,
  absolute: (path: string) => string,
): Record<string, DataSource> {
  const located = ({
    path,
    dicomweb,
    query,
    split,
    list,
    columns,
    names,
  }: z.output<typeof DATASET_SCHEMA>): DataSource => ({
    path: dicomweb ?? absolute(path as string),
    pacs: dicomweb === undefined ? null : query,
    ...{ split, columns },
    list: list === undefined ? null : absolute(list),
    names: names ?? null,
  })
  return Object.fromEntries(Object.entries(datasets).map(([name, dataset]) => [name, located(dataset)]))
}
