/** Of a dossier: what the model is worth, what attacks found, and where it comes from. @module */

import { lastRound } from '../../../protocols/study/rounds.ts'
import { observerName } from '../../privacy/epsilon-text.ts'
import {
  evaluationFigures,
  figureOfEvaluation,
  figuresNotes,
  namedFigures,
  type StudyFigures,
  unitsOfGroup,
} from '../../study/evaluation-figures.ts'
import { type DossierSection, type Fact, fact, section } from '../facts.ts'
import type { OpenedSources } from '../opened-sources.ts'
import type { ReportEstimate, ReportFigures } from '../report-figures.ts'
import {
  AUDIT_SOURCE,
  BASELINE_SOURCE,
  CERTIFICATE_SOURCE,
  CHECKPOINT_SOURCE,
  REPORT_SOURCE,
  TRANSCRIPT_SOURCE,
} from '../sources.ts'

/** Attacks on the study, and what they found. */
export function auditSection({ audit, study }: OpenedSources): DossierSection {
  if (audit === null) {
    return section('Audit and membership', {
      text: [
        'No audit stands here. "confrere audit --json" runs the attacks, and "confrere dossier --audit FILE" takes what it found.',
      ],
    })
  }
  return section('Audit and membership', {
    text: [
      'Attacks on a rehearsal with made-up records: each tells, from what its observer sees, which of them took part. What they reach is a lower bound on epsilon; one above the claim would refute it. One below is no proof of privacy.',
    ],
    facts: [
      fact('Made-up records', audit.canaries, AUDIT_SOURCE),
      fact('Rounds rehearsed', audit.rounds, AUDIT_SOURCE),
      ...audit.findings.map(({ observer, claimed, found }) =>
        fact(
          `Against ${observerName(observer, study.document.privacy.colluders)}`,
          `epsilon at least ${found}, claimed ${claimed}`,
          AUDIT_SOURCE,
        ),
      ),
    ],
  })
}

/** Figures with privacy and without. */
export function accuracySection({ study, checkpoint, report, baseline }: OpenedSources): DossierSection {
  const figures = checkpoint.evaluation && evaluationFigures(study.document, checkpoint.evaluation, 'newest')
  const source = `${CHECKPOINT_SOURCE}: evaluation`
  const certified: Fact[] =
    figures === null
      ? []
      : namedFigures(figures).map(([name, found]) =>
          fact(`${name}, certified, on held-back patients of all hospitals`, figureOfEvaluation(found), source),
        )
  return section('Accuracy, with and without privacy', {
    text: [
      ...(figures === null ? ['The study has no certified evaluation.'] : figuresNotes(figures)),
      ...(report === null
        ? [
            'No measurement on records of this hospital stands here: "confrere evaluate --json-report FILE", then "confrere dossier --report FILE".',
          ]
        : []),
      baseline === null
        ? 'What a model without privacy would reach is not measured here: name the report of one with "confrere dossier --without-privacy FILE".'
        : 'The model without privacy was measured by the hospital; it must not leave it.',
    ],
    facts: [
      ...certified,
      ...reportFacts('this model, on records of this hospital', report, REPORT_SOURCE),
      ...reportFacts('a model without privacy', baseline, BASELINE_SOURCE),
    ],
  })
}

function reportFacts(what: string, report: ReportFigures | null, source: string): Fact[] {
  if (report === null) return []
  const { count, units, overall } = report.analysis
  return [
    fact(`Records of ${what}`, `${count}, of ${units} units`, `${source}: analysis`),
    ...Object.entries(overall).map(([name, estimate]) =>
      fact(`${name}, ${what}`, estimateText(estimate), `${source}: analysis.overall.${name}`),
    ),
  ]
}

function estimateText({ value, low, high }: ReportEstimate): string {
  const three = (one: number | null): string => (one === null ? 'not defined' : one.toFixed(3))
  return value === null ? 'not defined' : `${three(value)} (95 %: ${three(low)} to ${three(high)})`
}

/** Figures of parts of the patients. */
export function subgroupSection({ study, checkpoint, report }: OpenedSources): DossierSection {
  const groupings = report?.groupings ?? []
  const certified = checkpoint.evaluation && evaluationFigures(study.document, checkpoint.evaluation, 'newest')
  const certifiedFacts = certifiedGroups(certified)
  return section('Subgroups', {
    text: [
      ...(certifiedFacts.length === 0
        ? []
        : [
            'Certified figures are of the held-back patients of all hospitals together, counted by group under privacy.',
          ]),
      groupings.length === 0
        ? 'Figures by subgroup on records of this hospital do not stand here: "confrere evaluate --json-report FILE --subgroup sex=LIST.csv" measures them, "confrere dossier --report FILE" takes them.'
        : 'Those of records of this hospital stay with it: small groups can tell of single patients.',
    ],
    facts: [
      ...certifiedFacts,
      ...groupings.flatMap(({ column, subgroups }) =>
        subgroups.flatMap(({ group, count, few, overall }) =>
          Object.entries(overall).map(([name, estimate]) =>
            fact(
              `${column}: ${group ?? 'not said'}, ${name}`,
              `${estimateText(estimate)}; ${count} records${few === null ? '' : `, few: ${few}`}`,
              `${REPORT_SOURCE}: groupings, ${column}`,
            ),
          ),
        ),
      ),
    ],
  })
}

/** Figures of the groups that the study's evaluations count apart. */
function certifiedGroups(figures: StudyFigures | null): Fact[] {
  if (figures?.subgroups === undefined) return []
  const { column, groups } = figures.subgroups
  return groups.flatMap(one =>
    namedFigures(one).map(([name, found]) =>
      fact(
        `${column}: ${one.group}, ${name}, certified, all hospitals`,
        `${figureOfEvaluation(found)}; ${unitsOfGroup(one)}`,
        `${CHECKPOINT_SOURCE}: evaluation`,
      ),
    ),
  )
}

/** Every certified round, and the checkpoint that it led to. */
export function lineageSection({ study, rounds, checkpointHash, certified }: OpenedSources): DossierSection {
  const last = lastRound(study.document)
  const results = rounds.filter(({ outcome }) => outcome === 'result')
  return section('Lineage of the model', {
    text: [
      `${results.length} rounds with a result and ${rounds.length - results.length} without (VOID), each certified by the signatures of a quorum. The model of this dossier is that after round ${certified.round} of ${last}${certified.round < last ? ': the study is not at its end, and more will be spent' : ''}.`,
    ],
    facts: [
      fact('Checkpoint', checkpointHash, `${CERTIFICATE_SOURCE}; ${CHECKPOINT_SOURCE}`),
      ...rounds.map(({ line, round, outcome, kind, hospitals, checkpoint }) =>
        fact(
          `Round ${round}`,
          outcome === 'void'
            ? `VOID for ${hospitals.join(', ') || 'nobody'}`
            : `${kind}, ${hospitals.length} contributors (${hospitals.join(', ')}), checkpoint ${checkpoint.slice(0, 12)}`,
          `${TRANSCRIPT_SOURCE}, line ${line}`,
        ),
      ),
    ],
  })
}
