/** Figures of all classes and of each, with curves. @module */

import { html } from 'hono/html'
import type { Analysis, ClassAnalysis } from '../analysis.ts'
import type { EvaluationFindings } from '../evaluate-sample.ts'
import type { ClassFigure, OverallFigure } from '../figures.ts'
import type { Estimate } from '../interval.ts'
import { calibrationPlot, type Fragment, type Mark, recallPlot, rocPlot } from './charts.ts'
import { estimateWords, figureWords, intervalWords, thresholdWords } from './words.ts'

/** A figure above its interval, as a cell of a table. */
export function estimateCell(estimate: Estimate): Fragment {
  if (Number.isNaN(estimate.value)) return html`<td class="number">not defined</td>`
  return html`<td class="number">${figureWords(estimate.value)}<small>${intervalWords(estimate)}</small></td>`
}

/** Name and meaning of each figure of all classes. */
const OVERALL: readonly (readonly [OverallFigure, string, (classes: number) => string])[] = [
  [
    'macroAuc',
    'Area under the ROC curve',
    classes =>
      classes === 2
        ? 'chance that a record with the finding scores above one without it; 0.5 is guessing'
        : 'mean over the classes with records, each against the rest; 0.5 is guessing',
  ],
  [
    'accuracy',
    'Accuracy',
    () => 'share of records whose class is said; compare it with always saying the most frequent class',
  ],
  ['mcc', "Matthews' correlation", () => '1 is perfect, 0 is guessing, whatever the shares of the classes are'],
  ['macroF1', 'Macro F1', () => 'mean over the classes of the harmonic mean of sensitivity and precision'],
  ['brier', 'Brier score', () => 'mean squared error of the probabilities; 0 is perfect'],
  [
    'calibrationError',
    'Calibration error',
    () => 'how far probabilities are from what is observed, on average; 0 is perfect',
  ],
]

export function overallSection({ classes, analysis }: EvaluationFindings): Fragment {
  const most = Math.max(...analysis.support) / analysis.count
  return html`<section aria-labelledby="overall"><h2 id="overall">All classes</h2>
<div class="wide" tabindex="0" role="group" aria-label="Figures of all classes"><table><thead><tr><th scope="col">figure</th><th scope="col" class="number">value<br>95&nbsp;% interval</th><th scope="col">what it says</th></tr></thead><tbody>
${OVERALL.map(([figure, name, meaning]) => html`<tr><th scope="row">${name}</th>${estimateCell(analysis.overall[figure])}<td>${meaning(classes.length)}</td></tr>`)}
</tbody></table></div>
<p class="note">Always saying the most frequent class would have an accuracy of ${figureWords(most)} on these records.</p>
${confusionTable(classes, analysis)}</section>`
}

function confusionTable(classes: readonly string[], { confusion, support }: Analysis): Fragment {
  return html`<div class="wide" tabindex="0" role="group" aria-label="Confusion matrix"><table><caption>Confusion matrix: records by what they are (rows) and by what the model says (columns)</caption>
<thead><tr><th scope="col">is \u2193 \u00a0 said \u2192</th>${classes.map(name => html`<th scope="col" class="number">${name}</th>`)}<th scope="col" class="number">records</th></tr></thead><tbody>
${confusion.map(
  (row, actual) =>
    html`<tr><th scope="row">${classes[actual]}</th>${row.map(count => {
      const share = support[actual] === 0 ? 0 : count / support[actual]!
      return html`<td class="number heat" style="background: rgba(var(--heat), ${(0.28 * share).toFixed(3)})">${count}<small>${support[actual] === 0 ? '' : `${(100 * share).toFixed(0)} %`}</small></td>`
    })}<td class="number">${support[actual]}</td></tr>`,
)}
</tbody></table></div>`
}

const CLASS_ROWS: readonly (readonly [ClassFigure, string, string])[] = [
  ['auc', 'AUC', 'area under the ROC curve'],
  [
    'averagePrecision',
    'Average precision',
    'area under the precision-recall curve; guessing gives the share of the class',
  ],
  ['sensitivity', 'Sensitivity', 'of the records of this class, the share that the model says to be of it'],
  ['specificity', 'Specificity', 'of the other records, the share that the model says not to be of it'],
  [
    'positivePredictive',
    'Positive predictive value',
    'of the records that it says to be of this class, the share that is right',
  ],
  [
    'negativePredictive',
    'Negative predictive value',
    'of the records that it says not to be of it, the share that is right',
  ],
  ['calibrationError', 'Calibration error', 'mean distance of the probability from what is observed'],
]

export function classSection(
  one: ClassAnalysis,
  { findings, at }: { findings: EvaluationFindings; at: number },
): Fragment {
  const { name, positives, negatives, threshold, counts, roc } = one
  const title = findings.classes.length === 2 ? `The finding: ${name}` : `${name} against the rest`
  const share = positives / (positives + negatives)
  return html`<section aria-labelledby="class-${at}"><h2 id="class-${at}">${title}</h2>
<p>${positives} records are of this class and ${negatives} are not. The model says "${name}" ${threshold === null ? 'where that is the class of the largest score' : html`from a score of <strong>${thresholdWords(threshold)}</strong> on`}: it finds ${counts.truePositives} of ${positives}, misses ${counts.falseNegatives}, and raises ${counts.falsePositives} false alarms among ${negatives}.</p>
${roc.length === 0 ? html`<p class="warning">${positives === 0 ? 'No record is of this class' : 'All records are of this class'}, so curves and areas are not defined.</p>` : ''}
<div class="wide" tabindex="0" role="group" aria-label="Figures of ${name}"><table><thead><tr><th scope="col">figure</th><th scope="col" class="number">value<br>95&nbsp;% interval</th><th scope="col">what it says</th></tr></thead><tbody>
${CLASS_ROWS.map(([figure, label, meaning]) => html`<tr><th scope="row">${label}</th>${estimateCell(one.figures[figure])}<td>${meaning}</td></tr>`)}
</tbody></table></div>
<p class="note">Predictive values hold for the share of this class here (${(100 * share).toFixed(1)} %): where it is rarer, fewer alarms are right. Another threshold (<code>--threshold</code>) finds more and raises more false alarms, or the reverse: the curve shows every choice.</p>
${roc.length === 0 ? '' : plots(one, { findings, share })}</section>`
}

function plots(one: ClassAnalysis, { findings, share }: { findings: EvaluationFindings; share: number }): Fragment {
  const { name, figures, roc, precisionRecall, bins } = one
  const readers = findings.readers.map((reader, at) => {
    const own = reader.classes.find(({ index }) => index === one.index)!
    return markOf(String(at + 1), 'reader', [own.sensitivity.reader.value, own.specificity.reader.value])
  })
  const model = markOf('M', 'model', [figures.sensitivity.value, figures.specificity.value])
  const marks = [...readers, model]
  const area = estimateWords(figures.auc)
  return html`<div class="charts">
<figure>${rocPlot(roc, { marks, label: `ROC curve of ${name}: area ${area}` })}<figcaption>ROC curve. <strong>M</strong> is the model at its threshold${readers.length === 0 ? '' : html`; ${findings.readers.map((reader, at) => html`<strong>${at + 1}</strong> ${reader.name}${at + 1 < readers.length ? ', ' : ''}`)}. A reader above the curve does better than the model could at any threshold, if the reader read all records`}. The dashed line is guessing.</figcaption></figure>
<figure>${recallPlot(precisionRecall, { share, label: `Precision-recall curve of ${name}: average precision ${estimateWords(figures.averagePrecision)}` })}<figcaption>Precision-recall curve. The dashed line is guessing.</figcaption></figure>
<figure>${calibrationPlot(bins, `Calibration of ${name}: error ${estimateWords(figures.calibrationError)}`)}<figcaption>Calibration. On the dashed line, of 100 records with a probability of 0.7, 70 are of the class. Larger points are of more records.</figcaption></figure>
</div>`
}

function markOf(sign: string, kind: Mark['kind'], [sensitivity, specificity]: readonly [number, number]): Mark {
  return { sign, kind, truePositives: sensitivity, falsePositives: 1 - specificity }
}
