/** The model beside human readers. @module */

import { html } from 'hono/html'
import type { EvaluationFindings } from '../evaluate-sample.ts'
import type { Comparison, ReaderComparison } from '../reader-study.ts'
import { isChosenHere } from '../threshold.ts'
import type { Fragment } from './charts.ts'
import { estimateCell } from './class-sections.ts'
import { chanceWords, countWords, estimateWords, figureWords } from './words.ts'

const SIGNIFICANCE = 0.05

export function readerSection(findings: EvaluationFindings, unmatched: readonly number[] | null): Fragment {
  const { readers, classes, rule } = findings
  if (readers.length === 0 && unmatched === null) return html``
  const missed = unmatched?.length ?? 0
  return html`<section aria-labelledby="readers"><h2 id="readers">Beside ${countWords(readers.length, 'human reader')}</h2>
<p>Each comparison is on the records that the reader read, and is paired: both judged the same ones. A difference is the model less the reader: above 0 the model did better.</p>
${isChosenHere(rule) ? html`<p class="warning">The model's threshold was chosen on these very records; the readers had no such help. The comparison flatters the model.</p>` : ''}
${missed === 0 ? '' : html`<p class="warning">${countWords(missed, 'row')} of the list of readings name no record that was measured; they count for nothing.</p>`}
${readers.map(reader => readerPart(reader, classes))}
${agreementTable(findings)}
${readers.length < 2 ? '' : html`<p class="note">Each test is by itself: of twenty comparisons without any difference, one is expected to have a p below ${SIGNIFICANCE}.</p>`}
</section>`
}

function readerPart(reader: ReaderComparison, classes: readonly string[]): Fragment {
  const { name, count, accuracy, kappa } = reader
  const rows: (readonly [string, Comparison])[] = [
    ['Accuracy', accuracy],
    ...reader.classes.flatMap(({ index, sensitivity, specificity }) => {
      const of = classes.length === 2 ? '' : `, ${classes[index]}`
      return [
        [`Sensitivity${of}`, sensitivity],
        [`Specificity${of}`, specificity],
      ] as const
    }),
  ]
  return html`<h3>${name}</h3>
<p>${countWords(count, 'record')} read. ${verdictWords(name, reader)} Agreement with the model: Cohen's kappa ${estimateWords(kappa)}.</p>
<div class="wide" tabindex="0" role="group" aria-label="${name} and the model"><table><thead><tr><th scope="col">share that is right</th><th scope="col" class="number">records</th><th scope="col" class="number">model</th><th scope="col" class="number">reader</th><th scope="col" class="number">difference<br>95 % interval</th><th scope="col">McNemar's test</th></tr></thead><tbody>
${rows.map(([label, comparison]) => html`<tr><th scope="row">${label}</th><td class="number">${comparison.count}</td>${estimateCell(comparison.model)}${estimateCell(comparison.reader)}${estimateCell(comparison.difference)}<td>${testWords(comparison)}</td></tr>`)}
</tbody></table></div>`
}

/** Whether model and reader differ in accuracy by more than chance: by the test where it holds, else by the interval. */
export function verdictOf({ difference, test }: Comparison): 'model' | 'reader' | 'open' {
  const differs = test === null ? difference.low > 0 || difference.high < 0 : test.p < SIGNIFICANCE
  if (!differs) return 'open'
  return difference.value > 0 ? 'model' : 'reader'
}

function verdictWords(name: string, { accuracy, classes }: ReaderComparison): string {
  const apart = figureWords(Math.abs(accuracy.difference.value))
  const verdict = verdictOf(accuracy)
  if (verdict === 'open') {
    return `In accuracy, model and ${name} do not differ by more than chance here. That does not show that they are equal: the interval says how large a difference may be.${trade(classes)}`
  }
  const [better, worse] = verdict === 'model' ? ['The model', name] : [name, 'the model']
  return `${better} is more often right than ${worse}, by ${apart} of the records, which is more than chance.${trade(classes)}`
}

/** Where only one class is measured: whether the two err on different sides. */
function trade(classes: ReaderComparison['classes']): string {
  const [one, ...others] = classes
  if (one === undefined || others.length > 0) return ''
  const parts = [
    ['sensitivity', verdictOf(one.sensitivity)],
    ['specificity', verdictOf(one.specificity)],
  ].flatMap(([name, verdict]) => (verdict === 'open' ? [] : [`${verdict === 'model' ? 'higher' : 'lower'} ${name}`]))
  return parts.length === 0 ? '' : ` The model has ${parts.join(' and ')} than the reader, by more than chance.`
}

function testWords({ test }: Comparison): string {
  return test === null ? 'does not hold: patients have several records' : chanceWords(test.p)
}

function agreementTable({ readers, agreement }: EvaluationFindings): Fragment {
  if (readers.length < 2) return html``
  const names = ['model', ...readers.map(({ name }) => name)]
  return html`<h3>Agreement of all with all</h3>
<div class="wide" tabindex="0" role="group" aria-label="Agreement of all with all"><table><caption>Cohen's kappa on the records that both judged: 1 is full agreement, 0 what chance gives</caption>
<thead><tr><th scope="col">judged by</th>${names.map(name => html`<th scope="col" class="number">${name}</th>`)}</tr></thead><tbody>
${names.map((name, row) => html`<tr><th scope="row">${name}</th>${agreement[row]!.map((kappa, column) => html`<td class="number">${row === column ? '' : figureWords(kappa, 2)}</td>`)}</tr>`)}
</tbody></table></div>`
}
