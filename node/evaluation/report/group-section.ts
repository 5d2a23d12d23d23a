/** The figures of subgroups. @module */

import { html } from 'hono/html'
import type { EvaluationFindings } from '../evaluate-sample.ts'
import { CLASS_RECORDS_FEW, RECORDS_FEW, type Subgroup } from '../subgroups.ts'
import type { Fragment } from './charts.ts'
import { estimateCell } from './class-sections.ts'

export function groupSections({ groupings, classes }: EvaluationFindings): Fragment {
  if (groupings.length === 0) return html``
  return html`<section aria-labelledby="groups"><h2 id="groups">Subgroups</h2>
<p>The same model at the same threshold in parts of the records. Groups whose intervals overlap widely are not told apart by these figures; those of a small group say next to nothing.</p>
${groupings.map(({ column, subgroups }) => groupTable(column, { subgroups, classes }))}
<p class="note">Few: below ${RECORDS_FEW} records, or below ${CLASS_RECORDS_FEW} of a class.</p></section>`
}

function groupTable(
  column: string,
  { subgroups, classes }: { subgroups: readonly Subgroup[]; classes: readonly string[] },
): Fragment {
  const two = classes.length === 2
  return html`<h3>By ${column}</h3>
<div class="wide" tabindex="0" role="group" aria-label="Subgroups by ${column}"><table><thead><tr><th scope="col">${column}</th><th scope="col" class="number">records</th>${classes.map(name => html`<th scope="col" class="number">${name}</th>`)}<th scope="col" class="number">AUC</th><th scope="col" class="number">accuracy</th>${two ? html`<th scope="col" class="number">sensitivity</th><th scope="col" class="number">specificity</th>` : ''}</tr></thead><tbody>
${subgroups.map(
  ({
    group,
    analysis,
    few,
  }) => html`<tr><th scope="row">${group ?? 'not stated'}${few === null ? '' : html`<small class="few">few: ${few}</small>`}</th><td class="number">${analysis.count}</td>
${analysis.support.map(count => html`<td class="number">${count}</td>`)}${estimateCell(analysis.overall.macroAuc)}${estimateCell(analysis.overall.accuracy)}
${two ? html`${estimateCell(analysis.classes[0]!.figures.sensitivity)}${estimateCell(analysis.classes[0]!.figures.specificity)}` : ''}</tr>`,
)}
</tbody></table></div>`
}
