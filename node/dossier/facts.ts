/** What a dossier says: sections of facts, each with the place that it comes from. @module */

/** One figure or statement, and where it stands: a source file, with a line or a field of it. */
export interface Fact {
  readonly label: string
  readonly value: string
  readonly from: string
}

export interface DossierSection {
  readonly title: string
  /** paragraphs */
  readonly text: readonly string[]
  /** paragraphs under headings of their own */
  readonly parts: readonly { readonly title: string; readonly text: readonly string[] }[]
  readonly facts: readonly Fact[]
  /** questions that only the hospital can answer: empty fields, marked */
  readonly open: readonly string[]
}

/** A section; what is left out is empty. */
export function section(title: string, parts: Partial<Omit<DossierSection, 'title'>>): DossierSection {
  return { title, text: [], parts: [], facts: [], open: [], ...parts }
}

export const fact = (label: string, value: string | number, from: string): Fact => ({
  label,
  value: String(value),
  from,
})
