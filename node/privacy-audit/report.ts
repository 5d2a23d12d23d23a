/**
 * An audit as one HTML file for data protection officers: no script and no external resource. The template escapes all
 * text of the study.
 *
 * @module
 */

import { html, raw } from 'hono/html'
import type { AuditFinding } from '../../crypto/accounting/one-run-audit.ts'
import { trainingRounds } from '../../protocols/study/rounds.ts'
import {
  type EpsilonObserver,
  epsilonFoundText,
  epsilonText,
  OBSERVERS,
  observerName,
  patientLines,
  promisedText,
  UNIT_NOTE,
} from '../privacy/epsilon-text.ts'
import type { StudyAudit } from './audit.ts'
import type { CanaryFinding } from './canary.ts'
import { claimChart, type Markup, rocChart } from './chart.ts'
import { inversionSection } from './report-inversion.ts'
import { methodSection } from './report-method.ts'
import { STYLE } from './report-style.ts'
import { counted, fixed, noiseText, percent, significant } from './report-words.ts'

/** The epsilons that a study's ledger has charged. */
export interface ChargedEpsilons {
  readonly rounds: number
  readonly colluding: number
  readonly model: number | null
  readonly alone: number | null
}

export interface ReportSource {
  /** hex */
  readonly study: string
  /** ISO 8601 */
  readonly written: string
  readonly split: string
  readonly heldOut: string | null
  /** of the whole study; the audit may have rehearsed fewer */
  readonly rounds: number
  readonly charged: ChargedEpsilons | null
  /** round of the final model that was attacked */
  readonly finalRound: number | null
}

/** The whole page. */
export function reportPage(audit: StudyAudit, source: ReportSource): string {
  const { document } = audit
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Privacy audit: ${document.name}</title>
<style>${raw(STYLE)}</style>
</head>
<body><main>
<header>
<p>Confrère privacy audit</p>
<h1>${document.name}</h1>
<p>Study <code>${source.study}</code><br>${document.hospitals.length} hospitals, ${trainingRounds(document)} rounds${source.rounds > trainingRounds(document) ? ` rehearsed of ${source.rounds}` : ''}, ${document.units} records in all; audited on ${audit.records} records of the split ${source.split} on ${source.written.slice(0, 16).replace('T', ' ')} UTC</p>
</header>
<p class="private"><strong>Keep this file.</strong> It is made from private records: ${audit.inversion === null ? '' : html`the records shown below are of patients of this hospital, and `}a figure that was measured on private records is itself a release. No epsilon covers it. It stays with the operator who asked for it.</p>
${verdictSection(audit)}
${claimSection(audit, source)}
${membershipSection(audit, source)}
${inversionSection(audit)}
${methodSection(audit)}
</main></body>
</html>
`)
}

function verdictSection(audit: StudyAudit): Markup {
  const { canary, membership, refuted } = audit
  const worst = canary.findings.find(finding => finding.refuted)
  const headline = refuted ? 'The claim does not hold.' : 'Nothing was found that contradicts the claim.'
  return html`<section class="verdict${refuted ? ' refuted' : ''}">
<h2>${headline}</h2>
<ul>
${canary.findings.map(finding => html`<li>${findingSentence(finding, audit)}</li>`)}
${membership === null ? '' : html`<li>Of 100 records that a model was trained on, an attacker who may be wrong about one in a hundred others finds ${significant(100 * membership.withPrivacy.likelihoodRatio.truePositives)} with the study's privacy and ${significant(100 * membership.withoutPrivacy.likelihoodRatio.truePositives)} without it. Guessing finds 1.</li>`}
${pictureSentence(audit)}
</ul>
<p class="note">${
    worst === undefined
      ? 'This is no proof of privacy. A lower bound says how much is certainly lost, not that no more is: a better attack may find more. What protects is the mathematics of the noise; the audit looks for mistakes in how it was made.'
      : 'Do not run or go on with this study until it is known why: the noise is smaller than the study says, or something else tells about records. By chance alone this happens once in a hundred audits at most.'
  }</p>
</section>`
}

function findingSentence(
  { observer, epsilon, claimed, exceeded, refuted, ...measured }: CanaryFinding,
  { document }: StudyAudit,
): string {
  const who = observerName(observer, document.privacy.colluders)
  const found = `Against ${who}, epsilon is at least ${epsilonFoundText(epsilon)}`
  const small = noiseText(measured)
  if (exceeded) return `${found}, and the study claims ${epsilonText(claimed)}: the claim is refuted; ${small}.`
  if (refuted) return `Against ${who}, ${small}: it cannot carry the claimed epsilon of ${epsilonText(claimed)}.`
  return `${found} by this audit; the study claims at most ${epsilonText(claimed)}${document.copies > 1 ? ' of a record at one hospital' : ''}.`
}

function pictureSentence({ inversion }: StudyAudit): Markup | string {
  if (inversion === null) return ''
  const of = (wanted: string) => inversion.columns.find(({ protection }) => protection === wanted)!
  const [bare, both] = [of('none'), of('both')]
  return html`<li>A record alone in an unprotected update is recovered with correlation ${fixed(bare.mean)}; from what really opens, with ${fixed(both.mean)}, where other records in its place give ${fixed(both.chance)} by chance.</li>`
}

function claimSection({ document, claimed, canary }: StudyAudit, { charged }: ReportSource): Markup {
  const { colluders, delta } = document.privacy
  const notes = {
    colluding: 'the target, and what is charged',
    model: 'if all hospitals added their noise',
    alone: 'nobody else is honest',
  }
  const rows = OBSERVERS.map(key => ({ who: observerName(key, colluders), note: notes[key], key }))
  const chargedText = (key: EpsilonObserver) => {
    const value = charged?.[key] ?? null
    return value === null ? 'unknown' : epsilonText(value)
  }
  return html`<section>
<h2>What is claimed, and what was found</h2>
<p>Epsilon bounds how much anybody can become surer that one record was in the data: by a factor of at most e to the power of epsilon, except with probability delta = ${delta.toExponential()}. ${UNIT_NOTE} Claimed is that of ${promisedText(document)}.</p>
<table><thead><tr><th>against</th><th></th><th class="number">claimed epsilon</th>${charged === null ? '' : html`<th class="number">charged so far (${charged.rounds} rounds)</th>`}</tr></thead><tbody>
${rows.map(({ who, note, key }) => html`<tr><td>${who}</td><td class="note">${note}</td><td class="number">${epsilonText(claimed[key])}</td>${charged === null ? '' : html`<td class="number">${chargedText(key)}</td>`}</tr>`)}
</tbody></table>
${patientLines(document).map(line => html`<p>Over all these rounds, ${line}.</p>`)}
<h3>A lower bound by ${canary.canaries} canaries</h3>
<p>The study was rehearsed with all its noise, and ${canary.canaries} made-up records were put in or left out by fair coins (${canary.included} were in). Somebody who sees every opened sum and knows all other records then guessed, canary by canary. So many right guesses cannot be had below this epsilon.${document.copies > 1 ? " Every canary is at one hospital, and its claim is what the study's noise gives a record at one hospital, less than what is claimed for several." : ''}</p>
${claimChart(
  canary.findings.map(({ observer, claimed: most, epsilon }) => ({
    label: observer === 'model' ? 'who sees the model' : colluders === 1 ? 'one colluder' : `${colluders} colluders`,
    claimed: most,
    found: epsilon,
  })),
)}
<p class="note"><span class="key claimed"></span>claimed, at most<span class="key found"></span>found, at least</p>
<table><thead><tr><th>guesses of</th><th>test</th><th class="number">right, of those made</th><th class="number">epsilon at least</th></tr></thead><tbody>
${canary.findings.flatMap(finding => [
  findingRow(finding, colluders, 'any (epsilon, delta)', finding.general),
  finding.gaussian === null ? '' : findingRow(finding, colluders, 'the claimed Gaussian', finding.gaussian),
])}
</tbody></table>
<p>The noise itself was measured on the parameters without a canary. ${canary.findings.map(finding => `Against ${observerName(finding.observer, colluders)} ${noiseText(finding)}. `)}</p>
</section>`
}

function findingRow(
  { observer }: CanaryFinding,
  colluders: number,
  test: string,
  { correct, guesses, epsilon }: AuditFinding,
): Markup {
  const made = guesses === 0 ? 'no better than coins' : `${correct} of ${guesses}`
  return html`<tr><td>${observerName(observer, colluders)}</td><td>${test}</td><td class="number">${made}</td><td class="number">${epsilonFoundText(epsilon)}</td></tr>`
}

function membershipSection({ membership, final }: StudyAudit, { heldOut, finalRound }: ReportSource): Markup {
  if (membership === null) {
    return html`<section><h2>Who was in the training data?</h2><p>There are too few records to attack membership on.</p></section>`
  }
  const { withPrivacy, withoutPrivacy, targets, background, models } = membership
  const rows = [
    { label: "with the study's privacy", result: withPrivacy, kind: 'private' },
    { label: 'without privacy', result: withoutPrivacy, kind: 'open' },
  ]
  const curves = rows.flatMap(({ result, kind }) => [
    {
      label: `${kind === 'open' ? 'without' : 'with'} privacy, LiRA`,
      kind: `${kind}-ratio`,
      roc: result.likelihoodRatio.roc,
    },
    { label: `${kind === 'open' ? 'without' : 'with'} privacy, loss`, kind: `${kind}-loss`, roc: result.loss.roc },
  ])
  const finalCurve = final === null ? [] : [{ label: 'the final model, loss', kind: 'final', roc: final.roc }]
  return html`<section>
<h2>Who was in the training data?</h2>
<p>${targets} records were each in the training data of half of the models${background === 0 ? '' : `, beside ${counted(background, 'record that was', 'records that were')} always in`}. ${models} models were trained with the study's privacy and ${models} without, and each was attacked with ${models - 2} others of its kind as shadow models.</p>
${rocChart([...curves, ...finalCurve])}
<table><thead><tr><th>models</th><th>attack</th><th class="number">AUC</th><th class="number">found at 1 % wrongly accused</th><th class="number">accuracy on members / others</th></tr></thead><tbody>
${rows.flatMap(({ label, result }) => [
  html`<tr><td>${label}</td><td>likelihood ratio (LiRA)</td><td class="number">${result.likelihoodRatio.roc.auc.toFixed(3)}</td><td class="number">${percent(result.likelihoodRatio.truePositives)}</td><td class="number">${percent(result.accuracy.members)} / ${percent(result.accuracy.others)}</td></tr>`,
  html`<tr><td></td><td>loss</td><td class="number">${result.loss.roc.auc.toFixed(3)}</td><td class="number">${percent(result.loss.truePositives)}</td><td></td></tr>`,
])}
${final === null ? '' : html`<tr><td>the study's own model, round ${finalRound}</td><td>loss, ${final.members} own records against ${final.others} of ${heldOut}</td><td class="number">${final.roc.auc.toFixed(3)}</td><td class="number">${percent(final.truePositives)}</td><td></td></tr>`}
</tbody></table>
<p class="note">An AUC of 0.5 and 1 % found at 1 % wrongly accused is guessing.${final === null ? '' : ' The last row compares records of two splits: where these differ by themselves (another year, another department), the AUC leaves 0.5 without anything being remembered.'}</p>
</section>`
}
