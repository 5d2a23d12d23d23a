/** Of a dossier: what was promised and spent, by which mechanism. The headings of the mechanism are those of NIST SP 800-226. @module */

import type { EntryOf } from '../../../protocols/ledger/entry.ts'
import { plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { SAMPLE_RATE_ONE } from '../../../protocols/study/limits.ts'
import { epsilonText, OBSERVERS, observerWords, patientLines, promisedText } from '../../privacy/epsilon-text.ts'
import { privacyReport } from '../../privacy/report.ts'
import { type DossierSection, type Fact, fact, section } from '../facts.ts'
import type { OpenedSources } from '../opened-sources.ts'
import { LEDGER_SOURCE, STUDY_SOURCE } from '../sources.ts'

/** The three epsilons, with unit and meaning: promised, and spent at this hospital. */
export function epsilonSection(sources: OpenedSources): DossierSection {
  const { study, ledger } = sources
  const { document } = study
  const against = observerWords(document.privacy.colluders)
  const planned = plannedEpsilons(document)
  const report = privacyReport({
    ledger: ledger.ledger,
    documents: new Map([[study.study, document]]),
    epsilonMax: null,
  })
  const spent = report.accounts.flatMap(({ studies }) => studies).find(one => one.study === study.study)
  const promised = OBSERVERS.map(observer =>
    fact(
      `Promised against ${against[observer]}`,
      `epsilon ${epsilonText(planned[observer])}`,
      `${STUDY_SOURCE}: privacy, schedule`,
    ),
  )
  const lines = linesOf(sources)
  const charged: Fact[] =
    spent === undefined
      ? []
      : [
          ...OBSERVERS.map(observer =>
            fact(`Spent here, against ${against[observer]}`, `epsilon ${spentText(spent[observer])}`, lines),
          ),
          fact('Spent here by Rényi accounting, a cross-check', `epsilon ${epsilonText(spent.colludingRenyi)}`, lines),
          fact(
            'Rounds charged',
            `${spent.charged} of ${spent.rounds}${spent.evaluations === null ? '' : `, and ${spent.evaluations} evaluations`}`,
            lines,
          ),
        ]
  return section('Privacy: what was promised, and spent', {
    text: [
      `Epsilon is promised to ${promisedText(document)}. It bounds what anybody can conclude from all that ever left about one of them: the odds of any conclusion change by at most the factor e^epsilon, except with probability delta. A smaller epsilon protects more; it holds for all time. There are three, because it matters who looks.`,
      spent === undefined
        ? 'The ledger knows nothing of this study: this hospital has contributed nothing.'
        : 'What is charged is the first of the three.',
    ],
    facts: [
      ...promised,
      fact('Delta', document.privacy.delta.toExponential(), `${STUDY_SOURCE}: privacy.delta`),
      ...charged,
      ...patientLines(document).map(line => fact('Of other patients', line, `${STUDY_SOURCE}: privacy, schedule`)),
    ],
    open: ['Why this epsilon is acceptable for these patients, and who decided so'],
  })
}

function spentText(epsilon: number | null): string {
  return epsilon === null ? 'unknown' : epsilonText(epsilon)
}

/** The lines of the ledger that are about the study. */
function linesOf({ ledger, study }: OpenedSources): string {
  const lines = ledger.entries.flatMap((entry, at) => ('study' in entry && entry.study === study.study ? [at + 1] : []))
  return lines.length === 0
    ? LEDGER_SOURCE
    : `${LEDGER_SOURCE}, ${lines.length} lines from ${lines[0]} to ${lines.at(-1)}`
}

/** The mechanism and its parameters. */
export function mechanismSection(sources: OpenedSources): DossierSection {
  const { study, ledger } = sources
  const { privacy, hospitals } = study.document
  const begun = ledger.entries.findIndex(
    (entry): entry is EntryOf<'study'> => entry.kind === 'study' && entry.study === study.study,
  )
  const terms = ledger.entries[begun] as EntryOf<'study'> | undefined
  const line = begun < 0 ? LEDGER_SOURCE : `${LEDGER_SOURCE}, line ${begun + 1}`
  const planned =
    terms === undefined
      ? []
      : [
          fact('Noise multiplier', terms.noiseMultiplier, line),
          fact('Sample rate', Number((terms.sampleRate / SAMPLE_RATE_ONE).toPrecision(6)), line),
          fact('Steps of a round', terms.steps ?? 1, line),
          ...(terms.statistics === undefined
            ? []
            : [fact('Noise multiplier of the statistics', terms.statistics.noiseMultiplier, line)]),
          ...(terms.evaluation === undefined
            ? []
            : [fact('Noise multiplier of an evaluation', terms.evaluation.noiseMultiplier, line)]),
        ]
  return section('The mechanism, along NIST SP 800-226', {
    text: [
      'Guarantee and its parameters: (epsilon, delta)-differential privacy; two data sets are neighbours if the contribution of one unit is replaced by nothing.',
      'Mechanism: per round, Poisson sampling of units by the generator of the operating system; the contribution of each is clipped to a fixed length; each hospital adds exact discrete Gaussian noise to its sum (Canonne, Kamath, Steinke 2020), so much that the noise of those that do not pool what they know is enough.',
      'Composition: within a study by the privacy loss distribution (Doroshenko et al. 2022), over studies by Rényi divergences as a filter (Feldman, Zrnic 2021). A round is reserved before anything is made for it, and charged before it is released, also where it fails.',
      'Trust model: distributed. No server; masks cancel only in the sum over hospitals; the noise of the others is not trusted up to the number of hospitals named below.',
      'Implementation: integers and fixed point, no floating point in noise or sum; the program is tested in thousands of simulated studies with faults, crashes and liars.',
      'Data security: records stay on the machine of the hospital; the lines between nodes are encrypted and both ends proven.',
      'Not covered: what a hospital publishes by other ways; figures of private records that it makes for itself; a false input of a hospital that lies.',
    ],
    facts: [
      ...planned,
      fact('Clipping length', privacy.clippingNorm, `${STUDY_SOURCE}: privacy.clippingNorm`),
      fact(
        'Hospitals that may pool what they know',
        `${privacy.colluders} of ${hospitals.length}`,
        `${STUDY_SOURCE}: privacy.colluders`,
      ),
    ],
  })
}
