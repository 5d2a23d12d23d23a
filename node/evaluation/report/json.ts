/** An evaluation as JSON, for programs. @module */

import { isChosenHere, ruleText } from '../threshold.ts'
import { EVALUATION_SCHEMA_VERSION, type EvaluationReport, NOT_A_DEVICE, PRIVATE_FIGURES } from './source.ts'

/** Points of a curve beyond which every other one, or more, is left out. */
const CURVE_POINTS_MAX = 1000

/** One JSON document. What is not defined, and infinity, is null: JSON has no such numbers. */
export function evaluationJson({ about, findings }: EvaluationReport): string {
  const { analysis, rule } = findings
  const document = {
    schemaVersion: EVALUATION_SCHEMA_VERSION,
    notice: `${NOT_A_DEVICE} ${PRIVATE_FIGURES}`,
    ...about,
    ...findings,
    rule: { text: ruleText(rule), chosenOnTheseRecords: isChosenHere(rule) },
    analysis: {
      ...analysis,
      classes: analysis.classes.map(one => {
        return { ...one, roc: thinned(one.roc), precisionRecall: thinned(one.precisionRecall) }
      }),
    },
    groupings: findings.groupings.map(({ column, subgroups }) => ({
      column,
      subgroups: subgroups.map(({ group, few, analysis: own }) => ({
        ...{ group, few, ...own },
        classes: own.classes.map(({ roc: _, precisionRecall: __, ...one }) => one),
      })),
    })),
  }
  return `${JSON.stringify(document, null, 1)}\n`
}

function thinned<Point>(points: readonly Point[]): Point[] {
  const step = Math.ceil(points.length / CURVE_POINTS_MAX)
  return points.filter((_, at) => at % step === 0 || at === points.length - 1)
}
