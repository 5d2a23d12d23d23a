/** All that a report tells of a model on local records: figures, subgroups, readers. @module */

import { type Analysis, analyse, type Resampling } from './analysis.ts'
import { decisionsAt, thresholdsOf } from './decisions.ts'
import { agreementOf, compareReader, type ReaderComparison } from './reader-study.ts'
import type { Reader } from './readers.ts'
import { type Sample, withoutUnscored } from './sample.ts'
import { type Grouping, type Subgroup, subgroupsOf } from './subgroups.ts'
import type { ThresholdRule } from './threshold.ts'

export interface EvaluationFindings {
  readonly classes: readonly string[]
  readonly rule: ThresholdRule
  /** all records, those without a score too */
  readonly records: number
  /** indices of records of which some score is no number: no figure counts them */
  readonly unscored: readonly number[]
  readonly analysis: Analysis
  readonly groupings: readonly { readonly column: string; readonly subgroups: readonly Subgroup[] }[]
  readonly readers: readonly ReaderComparison[]
  /** kappa of each with each: the model, then the readers */
  readonly agreement: readonly (readonly number[])[]
}

export interface EvaluationQuestion {
  readonly sample: Sample
  readonly rule: ThresholdRule
  readonly groupings: readonly Grouping[]
  readonly readers: readonly Reader[]
}

/** Computes all of it. Thresholds are chosen once, on all scored records. */
export function evaluateSample(
  { sample, rule, groupings, readers }: EvaluationQuestion,
  resampling: Resampling,
): EvaluationFindings {
  const { scored, unscored } = withoutUnscored(sample)
  const left = new Set(unscored)
  const isKept = (_: unknown, record: number): boolean => !left.has(record)
  const thresholds = thresholdsOf(scored, rule)
  const decisions = decisionsAt(scored, thresholds)
  const keptReaders = readers
    .map(({ name, readings }) => ({ name, readings: readings.filter(isKept) }))
    .filter(({ readings }) => readings.some(reading => reading >= 0))
  return {
    ...{ classes: sample.classes, rule, records: sample.labels.length, unscored: [...unscored] },
    analysis: analyse(scored, decisions, resampling),
    groupings: groupings.map(({ column, groups }) => ({
      column,
      subgroups: subgroupsOf(scored, { column, groups: groups.filter(isKept) }, { ...resampling, thresholds }),
    })),
    readers: keptReaders.map(reader => compareReader(scored, reader, { ...resampling, thresholds })),
    agreement: agreementOf(decisions.predicted, keptReaders, sample.classes.length),
  }
}
