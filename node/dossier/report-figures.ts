/** The figures that a dossier takes from the JSON of `confrere evaluate --json-report`. @module */

import { z } from 'zod'

/** Not defined, and infinity, is null in JSON. */
const ESTIMATE = z.looseObject({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
})
const OVERALL = z.record(z.string().max(50), ESTIMATE)
const GROUP = z.looseObject({
  group: z.string().nullable(),
  few: z.string().nullable(),
  count: z.int(),
  overall: OVERALL,
})

const REPORT = z.looseObject({
  study: z.string(),
  checkpoint: z.string().regex(/^[0-9a-f]{64}$/),
  written: z.string(),
  analysis: z.looseObject({ count: z.int(), units: z.int(), overall: OVERALL }),
  groupings: z.array(z.looseObject({ column: z.string(), subgroups: z.array(GROUP) })),
})

export type ReportFigures = z.infer<typeof REPORT>
export type ReportEstimate = z.infer<typeof ESTIMATE>

/** Undefined: these are not the bytes of such a report. */
export function decodeReport(bytes: Uint8Array): ReportFigures | undefined {
  try {
    return REPORT.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data
  } catch {
    return undefined
  }
}
