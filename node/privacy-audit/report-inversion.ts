/** The pictures of an audit's report: a record, and an attacker's reconstruction from its update alone. @module */

import { html } from 'hono/html'
import type { StudyAudit } from './audit.ts'
import { barsOf, type Markup, pictureOf } from './chart.ts'
import type { Protection } from './eavesdropping.ts'
import { type AttackName, SHOWN } from './inversion.ts'
import { fixed } from './report-words.ts'

const TITLES: Readonly<Record<Protection, readonly [title: string, note: string]>> = {
  none: ['in the clear', 'no aggregation, no noise'],
  noise: ['noise only', "one hospital's update with its own noise"],
  sum: ['aggregation only', 'the sum over all hospitals, no noise'],
  share: ['the share that travels', 'masked words'],
  both: ['what really opens', 'the sum with all noise'],
}

const ATTACKS: Readonly<Record<AttackName, string>> = { analytic: 'analytic', learnt: 'learnt' }

export function inversionSection({ inversion, document }: StudyAudit): Markup {
  if (inversion === null) {
    return html`<section><h2>Records from updates</h2><p>There are too few records to learn an attack from.</p></section>`
  }
  const { originals, shape, columns, auxiliaries, summed } = inversion
  const isImage = document.contract.kind === 'image'
  const show = (values: Float32Array, title: string): Markup =>
    isImage ? html`<img src="${pictureOf(values, shape)}" alt="${title}">` : barsOf(values)
  return html`<section>
<h2>${isImage ? 'Pictures from updates' : 'Records from updates'}</h2>
<p>Each row is a record of this hospital that was the only one in a hospital's update of the first round. The columns show what an attacker makes of what is seen, who knows the model and has ${auxiliaries} other records of the same kind to learn from. In a sum there are ${Math.round(summed)} other records on average.</p>
<div class="pictures"><table><thead><tr><th>the record</th>
${columns.map(({ protection }) => html`<th>${TITLES[protection][0]}<small>${TITLES[protection][1]}</small></th>`)}
</tr></thead><tbody>
${originals.slice(0, SHOWN).map(
  (
    original,
    victim,
  ) => html`<tr><td>${show(original, 'the record')}</td>${columns.map(({ recovered, protection }) => html`<td>${show(recovered[victim]!, `recovered, ${TITLES[protection][0]}`)}</td>`)}</tr>
<tr><td></td>${columns.map(({ correlations }) => html`<td class="number">${fixed(correlations[victim]!)}</td>`)}</tr>`,
)}
<tr class="mean"><td>mean of ${originals.length}</td>${columns.map(({ mean }) => html`<td>${fixed(mean)}</td>`)}</tr>
<tr class="chance"><td>by chance</td>${columns.map(({ chance }) => html`<td>${fixed(chance)}</td>`)}</tr>
<tr class="chance"><td>attack</td>${columns.map(({ attack }) => html`<td>${ATTACKS[attack]}</td>`)}</tr>
</tbody></table></div>
<p class="note">The number is the correlation of the recovered record with the true one, both less the mean record: 1 is the record itself, 0 nothing of it. Means are over ${originals.length} records, of which ${SHOWN} are shown. "By chance" is the same with other records in place of the true one. ${isImage ? 'A picture that looks like any other of its kind is the mean of what the attacker already had: it says nothing about this record.' : `Bars are the columns of a record beside their mean, in deviations.`}</p>
</section>`
}
