/** A dossier as one page, to be read, printed and filed. @module */

import { html } from 'hono/html'
import type { DossierSection } from './facts.ts'
import { SIGNATURE_FILE, SOURCES_FILE, type SourceList } from './sources.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --line: #d9dee6; --ground: #fff }
body { font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 62em; margin: 2.5em auto; padding: 0 1.2em }
h1 { font-size: 1.6em; margin-bottom: .2em } h2 { font-size: 1.2em; margin-top: 2em } h3 { font-size: 1em; margin: 1.2em 0 .2em } h3 ~ p { margin: .2em 0 }
p.note, td.from { color: var(--dim) } td.from { font-size: .85em; width: 16em } code, td { overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .35em .6em; border-bottom: 1px solid var(--line) }
tbody th { width: 16em; font-weight: 600 } nav ol { columns: 2 } .open { border: 1px dashed var(--dim); padding: .4em 1em; margin: .6em 0; min-height: 4em }
.open b { display: block }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --dim: #a4afbf; --line: #38414e; --ground: #14181f } }
@media print { :root { --ink: #000; --dim: #444; --line: #bbb; --ground: #fff } body { margin: 0; max-width: none; font-size: 11pt } tr, .open { break-inside: avoid } h2 { break-after: avoid } }
@media (max-width: 40em) { td.from, tbody th { width: auto } nav ol { columns: 1 } }
`

/** One self-contained page without script. */
export function dossierPage(
  { site, peer, at }: Pick<SourceList, 'site' | 'peer' | 'at'>,
  { name, sections }: { readonly name: string; readonly sections: readonly DossierSection[] },
): string {
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Dossier of ${name}</title><style>${STYLE}</style></head>
<body><main>
<h1>Dossier: ${name}</h1>
<p class="note">Made on ${at.slice(0, 10)} (${at.slice(11, 16)} UTC) by the node of ${site}, <code>${peer}</code>. Every figure names the file of this folder that it comes from. On any machine, without a network: <code>confrere verify FOLDER</code> verifies these files, with <code>${SIGNATURE_FILE}</code> over <code>${SOURCES_FILE}</code>, and derives all figures again. Fields with a dashed frame are for the hospital to fill in, on a copy of this page.</p>
<p class="note">Some words: a <i>study</i> is one joint training, fixed by a signed document; a <i>round</i> is one step of it, in which the hospitals add up what they computed; a <i>quorum</i> is the number of hospitals whose signatures certify a round; a <i>checkpoint</i> is the model after a round, named by its hash; a round that is <i>VOID</i> ended without a result, and what it cost stays spent. The ledger in this folder is of all studies of this hospital.</p>
<nav aria-label="Contents"><ol>${sections.map(({ title }, at) => html`<li><a href="#s${at + 1}">${title}</a></li>`)}</ol></nav>
${sections.map(sectionHtml)}
</main></body></html>
`
  return String(page)
}

function sectionHtml({ title, text, parts, facts, open }: DossierSection, at: number) {
  const table = html`<table><thead><tr><th scope="col">What</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>
${facts.map(({ label, value, from }) => html`<tr><th scope="row">${label}</th><td>${value}</td><td class="from">${from}</td></tr>\n`)}</tbody></table>`
  return html`<section><h2 id="s${at + 1}">${at + 1}. ${title}</h2>
${text.map(paragraph => html`<p>${paragraph}</p>\n`)}
${parts.map(part => html`<h3>${part.title}</h3>\n${part.text.map(paragraph => html`<p>${paragraph}</p>\n`)}`)}
${facts.length === 0 ? '' : table}
${open.map(question => html`<div class="open"><b>${question}</b>to be filled in by the hospital</div>\n`)}</section>
`
}
