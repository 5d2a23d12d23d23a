/**
 * The letter to a patient who has withdrawn: what was done with their records, what can still be told from a model and what
 * cannot, in plain words. It names nobody: the hospital writes the name and the address.
 *
 * @module
 */

import { epsilonText } from './epsilon-text.ts'

/** A study in which a patient's records could be drawn. */
export interface DrawnIn {
  readonly name: string
  /** records of the patient that the study could draw from */
  readonly records: number
  /** training rounds to which this hospital contributed: the first and the last */
  readonly from: number
  readonly to: number
  /** whether statistics of all records were summed as well */
  readonly statistics: boolean
  /** what is charged of this patient; at most this much, whichever rounds drew them */
  readonly epsilon: number
  readonly delta: number
}

export interface LetterFacts {
  readonly site: string
  /** ISO 8601 */
  readonly since: string
  readonly studies: readonly DrawnIn[]
}

/** One self-contained page, which prints on one or two sheets. */
export function withdrawalLetter({ site, since, studies }: LetterFacts): string {
  const date = since.slice(0, 10)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your withdrawal</title>
<style>
body { font: 17px/1.6 Georgia, "Times New Roman", serif; color: #1c2430; max-width: 42em; margin: 3em auto; padding: 0 1.2em }
h1 { font-size: 1.5em } h2 { font-size: 1.1em; margin-top: 1.6em }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35em .6em; border-bottom: 1px solid #d9dee6 }
.blank { border-bottom: 1px solid #5b6675; height: 1.6em; width: 22em }
@media (prefers-color-scheme: dark) { body { background: #14181f; color: #e8ecf2 } }
@media print { body { margin: 0; background: #fff; color: #000 } }
</style>
<p class="blank"></p>
<p class="blank"></p>
<p>${escaped(site)}, ${date}</p>
<h1>Your withdrawal</h1>
<p>You have asked us to stop using your records for training computer models together with other hospitals. Since ${date} they
are out: no round of training that begins after that uses them, and no later study will. If your records are ever imported
again, our system recognises a code made from your patient number and leaves them out. It keeps this code, and nothing else
about you.</p>
<h2>What happened before</h2>
${historyOf(studies)}
<h2>What this means for you</h2>
${meaningOf(studies)}
<h2>What we cannot do</h2>
<p>We cannot take your records out of a model that exists, and no model “forgets”. We do not train the model again without
you either: whoever compared the model before with the one after could learn more about you from the difference than from
either of them. The protection described above holds for you as it did before, and it does not grow weaker with time.</p>
<p>Your records in our own archive are not touched by this: they are part of your treatment.</p>
</html>
`
}

function historyOf(studies: readonly DrawnIn[]): string {
  if (studies.length === 0) {
    return '<p>Your records were part of no study that we took part in. Nothing of them has left this hospital.</p>'
  }
  const rows = studies.map(
    ({ name, records, from, to, statistics }) =>
      `<tr><td>${escaped(name)}</td><td>${records}</td><td>${from === to ? `round ${from}` : `rounds ${from} to ${to}`}${
        statistics ? ', and once for common statistics' : ''
      }</td></tr>`,
  )
  return `<p>Your records never left this hospital. In the rounds below they could be drawn for a step of training. Each round
draws by chance; which rounds drew yours is a secret that nobody knows, because it is stored nowhere. Only a sum over several
hospitals left, with random noise in it.</p>
<table>
<tr><th>Study</th><th>Records of yours</th><th>Could be drawn in</th></tr>
${rows.join('\n')}
</table>`
}

function meaningOf(studies: readonly DrawnIn[]): string {
  if (studies.length === 0) return '<p>There is no model that your records could have had a part in.</p>'
  const lines = studies.map(({ name, epsilon, delta }) => {
    const factor = Math.exp(epsilon)
    return `<li>${escaped(name)}: at most <strong>${factorText(factor)}</strong> (ε = ${epsilonText(epsilon)}), but for a
chance of one in ${Math.round(1 / delta).toLocaleString('en')}.</li>`
  })
  return `<p>Whoever sees the model, or everything that ever left this hospital, can hardly tell whether your records were
there. In exact words: whatever one concludes about you from it is at most so many times as likely as it would have been
without your records:</p>
<ul>
${lines.join('\n')}
</ul>
<p>This is the worst case for any one person, proven by mathematics, and holds for all time. In practice far less can be
told.</p>`
}

function factorText(factor: number): string {
  if (factor < 1000) return `${Number(factor.toPrecision(3))} times`
  return factor > 1e6
    ? 'more than a million times: this study protects you little'
    : `${Math.ceil(factor).toLocaleString('en')} times`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.codePointAt(0)};`)
}
