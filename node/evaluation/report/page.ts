/**
 * An evaluation as one HTML file for physicians: no script and no external resource. The template escapes all text of the
 * study, of readers and of groups.
 *
 * @module
 */

import { html, raw } from 'hono/html'
import { RESAMPLES } from '../bootstrap.ts'
import { BINS } from '../calibration.ts'
import type { EvaluationFindings } from '../evaluate-sample.ts'
import { EXACT_BELOW } from '../mcnemar.ts'
import { isChosenHere, ruleText } from '../threshold.ts'
import type { Fragment } from './charts.ts'
import { classSection, overallSection } from './class-sections.ts'
import { groupSections } from './group-section.ts'
import { readerSection } from './reader-section.ts'
import { type EvaluatedModel, type EvaluationReport, NOT_A_DEVICE, PRIVATE_FIGURES } from './source.ts'
import { EVALUATION_STYLE } from './style.ts'
import { countWords, estimateWords, figureWords, indicesWords, intervalWords, thresholdWords } from './words.ts'

/** The whole page. */
export function evaluationPage({ about, findings }: EvaluationReport): string {
  const { analysis } = findings
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Model on own records: ${about.study}</title>
<style>${raw(EVALUATION_STYLE)}</style>
</head>
<body>
<main>
<header>
<p>Confr\u00e8re, the model on your own records</p>
<h1>${about.study}</h1>
<p>${about.written.slice(0, 10)}, round ${about.round}, ${countWords(findings.records, 'record')} of ${about.data} (${about.split})</p>
</header>
<div class="warning" role="note"><p><strong>${NOT_A_DEVICE}</strong></p><p>${PRIVATE_FIGURES}</p></div>
${answerSection(findings)}
${overallSection(findings)}
${analysis.classes.map((one, at) => classSection(one, { findings, at }))}
${readerSection(findings, about.unmatched)}
${groupSections(findings)}
${measuredSection(about, findings)}
${methodSection(findings)}
</main>
</body>
</html>
`)
}

function answerSection(findings: EvaluationFindings): Fragment {
  const { classes, analysis } = findings
  const { macroAuc, accuracy } = analysis.overall
  const [one] = analysis.classes
  const warnings = warningsOf(findings)
  const inHundred = `${Math.round(100 * macroAuc.value)} of 100`
  const area = Number.isNaN(macroAuc.value)
    ? 'Whether the model tells the classes apart cannot be said from these records.'
    : classes.length === 2
      ? `Of one "${classes[1]}" and one "${classes[0]}" record, the model gives the higher score to "${classes[1]}" in ${inHundred} pairs: AUC ${estimateWords(macroAuc)}; 0.5 is guessing.`
      : `The mean area under the ROC curves is ${estimateWords(macroAuc)}, where 0.5 is guessing and 1 is perfect.`
  return html`<section class="answer" aria-labelledby="answer"><h2 id="answer">In short</h2>
<p class="large">${area}</p>
${
  classes.length === 2 && one !== undefined
    ? html`<p>At its threshold (${thresholdWords(one.threshold)}) it finds ${countedShare(one.counts.truePositives, one.positives)} of the records with "${one.name}" (95 % interval ${intervalWords(one.figures.sensitivity)}) and clears ${countedShare(one.counts.trueNegatives, one.negatives)} of the others (${intervalWords(one.figures.specificity)}).</p>`
    : html`<p>It says the right class of ${figureWords(100 * accuracy.value, 1)} of 100 records (95 % interval of the share ${intervalWords(accuracy)}).</p>`
}
${warnings.length === 0 ? '' : html`<div class="warning"><p><strong>Read with care:</strong></p><ul>${warnings.map(text => html`<li>${text}</li>`)}</ul></div>`}
</section>`
}

function countedShare(count: number, total: number): string {
  return total === 0 ? '0 of 0' : `${count} of ${total} (${((100 * count) / total).toFixed(1)} %)`
}

/** What makes the figures say less than they seem to. */
function warningsOf({ classes, analysis, unscored, records, rule }: EvaluationFindings): string[] {
  const { support, count, units, clustered } = analysis
  const absent = classes.filter((_, index) => support[index] === 0).map(name => `"${name}"`)
  const rare = classes.filter((_, index) => support[index]! > 0 && support[index]! < 10).map(name => `"${name}"`)
  return [
    ...(unscored.length === 0
      ? []
      : [
          `The model's score of ${countWords(unscored.length, 'record')} is no number; all figures are of the other ${count} of ${records}. Those records, counted from 0 in the order of reading: ${indicesWords(unscored)}. Check that they are in the units of the study.`,
        ]),
    ...(absent.length === 0
      ? []
      : [
          `No record is of the class ${absent.join(', ')}: figures of it are not defined, and the others do without it.`,
        ]),
    ...(rare.length === 0
      ? []
      : [`Fewer than 10 records are of the class ${rare.join(', ')}: figures of it say little.`]),
    ...(isChosenHere(rule)
      ? [
          `The threshold was chosen on these same records (${ruleText(rule)}): what is said at it looks better than it will on new records. The area under the curve does not depend on it.`,
        ]
      : []),
    ...(clustered
      ? [
          `The ${count} records are of ${units} patients: intervals draw whole patients, as records of one patient are alike.`,
        ]
      : []),
  ]
}

function measuredSection(about: EvaluatedModel, { rule, analysis }: EvaluationFindings): Fragment {
  const rows: (readonly [string, string])[] = [
    ['study', about.study],
    ['study id', about.studyId],
    ['checkpoint', about.checkpoint],
    ['round', String(about.round)],
    ['records', `${about.data}, split ${about.split}`],
    ['patients or records', String(analysis.units)],
    ['threshold', `rule "${ruleText(rule)}", ${isChosenHere(rule) ? 'chosen on these records' : 'fixed beforehand'}`],
    ['written', about.written],
    ['program', `confrere ${about.version}`],
  ]
  return html`<section aria-labelledby="measured"><h2 id="measured">What was measured</h2>
<dl>${rows.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>
<p class="note">The model is the moving average of the checkpoint. Whether these records were part of its training is for you to know: figures on records that a model has learnt from are too good.</p></section>`
}

function methodSection({ analysis }: EvaluationFindings): Fragment {
  return html`<section aria-labelledby="methods"><h2 id="methods">How the figures were made</h2>
<ul>
<li>All intervals are of 95 %. ${
    analysis.clustered
      ? html`Patients have several records, so all intervals are percentiles of ${RESAMPLES} bootstrap samples of patients (Efron 1979; Davison and Hinkley 1997).`
      : html`Areas under ROC curves: DeLong's variance (1988) by midranks (Sun and Xu 2014), on the logit scale, which stays within 0 and 1; not defined at an area of exactly 0 or 1. Shares of records: Wilson's score interval (1927). All others: percentiles of ${RESAMPLES} bootstrap samples of ${analysis.units === analysis.count ? 'records' : 'patients'} (Efron 1979).`
  } The bootstrap is seeded by the checkpoint: the same records give the same report.</li>
<li>The threshold stays fixed in all resamples: intervals do not hold how it was chosen.</li>
<li>Differences between model and reader: paired bootstrap. McNemar's test: exact below ${EXACT_BELOW} records on which one of both alone is right, else chi-square with continuity correction (Edwards 1948).</li>
<li>Calibration error: ${BINS} bins of equal width (Naeini et al. 2015); of more than two classes, for all together, of the class that is said. Brier score (1950): of two classes for the second, of more the sum over the classes.</li>
<li>Average precision: the sum over thresholds of recall gained times precision, without interpolation.</li>
</ul></section>`
}
