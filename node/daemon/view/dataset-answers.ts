/** What the interface shows of data sets. @module */

import type { DatasetCounts } from '../../datasets/dataset.ts'
import type { RecordCache } from '../../datasets/record-cache.ts'
import { type DataSource, sourceId } from '../../datasets/source.ts'
import type { DatasetsAnswer } from '../../http/api/data.ts'

/** A study of this node. */
interface Taking {
  readonly name: string
  /** of its records */
  readonly kind: string
  /** name of the data set that it is bound to */
  readonly dataset: string | null
  /** of what it has read; null while it has not */
  readonly counts: DatasetCounts | null
}

/**
 * Data sets with how many records and patients each holds, as they were read last. The counts are for whoever may read the
 * interface of this machine: they are in this answer alone, in no log, event or metric.
 */
export async function datasetsAnswer(
  datasets: Readonly<Record<string, DataSource>>,
  { cache, taken }: { cache: Pick<RecordCache, 'counts'>; taken: readonly Taking[] },
): Promise<DatasetsAnswer['datasets']> {
  return await Promise.all(
    Object.entries(datasets).map(async ([name, source]) => {
      const studies = taken.filter(({ dataset }) => dataset === name)
      // an archive of arrays is in no cache: who knows is a study that has read it
      const inUse = studies.find(({ counts }) => counts !== null)?.counts ?? null
      const counts = (await cache.counts(sourceId(source), source.split)) ?? inUse
      return {
        ...{ name, kind: studies[0]?.kind ?? (counts === null ? 'not read yet' : 'read'), problem: null },
        ...{ records: counts?.records ?? null, patients: counts?.patients ?? null },
        studies: studies.map(study => study.name),
      }
    }),
  )
}
