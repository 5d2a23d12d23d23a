/**
 * The privacy statement: what was promised, what was spent, for whom and by which mechanism, for a data protection officer
 * to file. Every figure comes from the ledger, whose head stands signed at the end; nobody is named but the hospital.
 *
 * @module
 */

import { html } from 'hono/html'
import type { EntryOf, LedgerEntry } from '../../protocols/ledger/entry.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import {
  epsilonText,
  observerLines,
  populationText,
  promisedText,
  severalHospitalsLine,
  severalRecordsLine,
} from './epsilon-text.ts'
import type { AccountSpending, PrivacyReport, StudySpending } from './report.ts'

export interface StatementFacts {
  readonly site: string
  readonly peer: string
  /** ISO 8601, UTC */
  readonly at: string
  readonly report: PrivacyReport
  readonly entries: readonly LedgerEntry[]
  /** hex */
  readonly head: string
  /** the same under the hospital's signature */
  readonly signedHead: string
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --line: #d9dee6; --ground: #fff }
body { font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 48em; margin: 2.5em auto; padding: 0 1.2em }
h1 { font-size: 1.6em; margin-bottom: .2em } h2 { font-size: 1.2em; margin-top: 2em } h3 { font-size: 1em; margin-top: 1.5em }
p.note { color: var(--dim) } code { overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .35em .6em; border-bottom: 1px solid var(--line) }
th { width: 14em; font-weight: 600 } .open { border: 1px dashed var(--dim); padding: .6em 1em; min-height: 2.5em }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --dim: #a4afbf; --line: #38414e; --ground: #14181f } }
@media print { :root { --ink: #000; --dim: #444; --line: #bbb; --ground: #fff } body { margin: 0; max-width: none } section { break-inside: avoid } }
`

/** One self-contained page without script. */
export function privacyStatement({ site, peer, at, report, entries, head, signedHead }: StatementFacts): string {
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Privacy statement of ${site}</title><style>${STYLE}</style></head>
<body><main>
<h1>Privacy statement of ${site}</h1>
<p class="note">Written on ${at.slice(0, 10)} (${at.slice(11, 16)} UTC) by this hospital's node, <code>${peer}</code>, from its privacy ledger of ${entries.length} entries.</p>
<section><h2>What it is about</h2>
<p>This hospital trains computer models together with others, on records of patients that never leave it. What leaves it are sums with random noise, under masks that cancel only in the sum over several hospitals. The noise bounds what anybody can conclude from all that ever left about one unit of protection, which is a patient with all records here or a single record, as each study below says: the odds of any conclusion change by at most the factor e<sup>ε</sup>, except with probability δ. A smaller ε protects more; it holds for all time, whatever else becomes known.</p></section>
${report.accounts.length === 0 ? html`<section><h2>What was spent</h2><p>Nothing: no study has begun.</p></section>` : report.accounts.map(account => accountSection(account, entries))}
<section><h2>By which mechanism</h2>
<p>In each round every unit is drawn by chance with the rate of the study (Poisson sampling by the operating system's generator; in rounds of statistics and evaluation all are taken). What a unit adds is clipped to a fixed length before it is summed. Each hospital adds exact discrete Gaussian noise to its own sum (Canonne, Kamath, Steinke 2020), so much that the noise of those that do not collude is enough; then masks. Within a study rounds are composed by their privacy loss distribution (Doroshenko et al. 2022), over studies by Rényi divergences as a filter (Feldman, Zrnic 2021). A round is reserved before anything is made for it and charged before it is released; a round that failed after its release counts too.</p>
<p>Two data sets are neighbours if one unit's contribution is replaced by nothing. Not covered: what a hospital publishes by other ways, and figures of private records that it makes for itself.</p></section>
<section><h2>What only the hospital can say</h2>
<h3>Legal basis</h3><p class="open"></p><h3>Necessity and proportionality</h3><p class="open"></p><h3>Who decided on ε, and why this value</h3><p class="open"></p></section>
<section><h2>How to check it</h2>
<p>All figures follow from the ledger, a file of lines that are chained by their hashes. On any machine: <code>confrere privacy verify --file LEDGER --statement THIS-FILE</code> derives every ε again, and finds whether the ledger begins with what was there when this statement was signed. The three ε of a study follow from its document as well: <code>confrere study show</code>.</p>
<table><tr><th>Head of the ledger</th><td><code>${head}</code></td></tr><tr><th>Entries</th><td>${entries.length}</td></tr><tr><th>Signed by the hospital</th><td><code id="signed-head">${signedHead}</code></td></tr></table></section>
</main></body></html>
`
  return String(page)
}

function accountSection(
  { account, population, epsilon, delta, cap, apart, epsilonsOfPatient, studies }: AccountSpending,
  entries: readonly LedgerEntry[],
) {
  const sides = apart ? ', of patients who are trained on and of those who are held back for evaluations each' : ''
  return html`<section><h2>What was spent: account ${account} of ${populationText(population)}</h2>
<table>
<tr><th>Spent in all</th><td>ε ${epsilonText(epsilon)} at δ ${delta.toExponential()}${sides}</td></tr>
<tr><th>This hospital's own cap</th><td>${cap === null ? 'none beside those of the studies' : `ε ${epsilonText(cap)}`}</td></tr>
${epsilonsOfPatient === null ? '' : html`<tr><th>Of a patient whom others know too</th><td>${severalHospitalsLine(epsilonsOfPatient)}</td></tr>`}
</table>
${studies.map(study => studyTable(study, entries))}</section>`
}

function studyTable(study: StudySpending, entries: readonly LedgerEntry[]) {
  const begun = entries.find(
    (entry): entry is EntryOf<'study'> => entry.kind === 'study' && entry.study === study.study,
  )
  const charged = `what was charged (${epsilonText(study.colludingRenyi)} by Rényi accounting, a cross-check)`
  return html`<h3>“${study.name}”</h3>
<table>
<tr><th>Study</th><td><code>${study.study}</code>${begun === undefined ? '' : `, since ${begun.at.slice(0, 10)}`}</td></tr>
<tr><th>Promised to</th><td>${promisedText(study)}: at most ε ${epsilonText(study.cap)} at δ ${study.delta.toExponential()}</td></tr>
<tr><th>Rounds charged</th><td>${study.charged} of ${study.rounds}${study.statistics === null && study.evaluations === null ? '' : ' of training'}${study.statistics ? ', and the statistics before them' : ''}${study.evaluations === null ? '' : `, and ${study.evaluations} evaluations`}</td></tr>
${begun === undefined ? '' : html`<tr><th>Noise</th><td>multiplier ${begun.noiseMultiplier} at sample rate ${Number((begun.sampleRate / SAMPLE_RATE_ONE).toPrecision(6))}${begun.steps === undefined ? '' : `, ${begun.steps} local steps a round`}${begun.statistics === undefined ? '' : `; statistics ${begun.statistics.noiseMultiplier}`}${begun.evaluation === undefined ? '' : `; each evaluation ${begun.evaluation.noiseMultiplier}`}; ${study.colluders} of the hospitals may pool what they know</td></tr>`}
<tr><th>Spent</th><td>${observerLines(study, study.against, { charged, cap: study.cap }).map(line => html`${line}<br>`)}</td></tr>
<tr><th>Of other patients</th><td>${study.epsilonsOfPatient === null ? '' : html`${severalHospitalsLine(study.epsilonsOfPatient, study.against)}<br>`}${study.epsilonsOfRecords === null ? '' : severalRecordsLine(study.epsilonsOfRecords, study.against)}</td></tr>
</table>`
}

const SIGNED_HEAD = /<code id="signed-head">([A-Za-z0-9_-]+)<\/code>/

/** The signed head in a statement's text; undefined: there is none. */
export function signedHeadIn(statement: string): string | undefined {
  return SIGNED_HEAD.exec(statement)?.[1]
}
