/** The model card: what the model is, what it takes and gives, what was promised of it. The same facts as JSON and text. @module */

import { contractKindOf } from '../../protocols/study/contracts/list.ts'
import { plannedEpsilons } from '../../protocols/study/epsilons.ts'
import { presetOf } from '../../protocols/study/models/list.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { lastRound } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { CertifiedResult } from '../../protocols/transcript/certificate.ts'
import { epsilonText, OBSERVERS, observerName, observerWords, patientLines, unitText } from '../privacy/epsilon-text.ts'
import {
  figureOfEvaluation,
  figuresNotes,
  namedFigures,
  type StudyFigures,
  unitsOfGroup,
} from '../study/evaluation-figures.ts'
import type { AuditResult } from './audit-result.ts'
import { type ExportFormat, FORMAT_WORDS } from './formats.ts'
import { LOGITS, PROBABILITIES, RECORDS } from './graph/chain.ts'
import type { WhichModel } from './which-model.ts'

/** Of card.json. It grows when a field goes or changes its meaning. */
const CARD_VERSION = 1

const NO_DEVICE = 'A research tool, not a medical device: it must not be used to diagnose or treat anybody.'
const INTENDED =
  'Research on records that fit the data contract below. Before any use, measure it on records of your own: hospitals, devices and patients differ.'
const NO_METRICS = 'none: this study has no certified evaluation'
const METRICS =
  'of the units that the hospitals hold back and never train on, by one noised secure sum; the intervals of 95 % count the noise and that only so many units were asked'
const NO_AUDIT = 'no audit was run: the exporter chose to go without one'

export interface CardFacts {
  readonly document: StudyDocument
  /** hex */
  readonly study: string
  readonly founder: string
  /** hex */
  readonly checkpoint: string
  /** which model of the checkpoint */
  readonly which: WhichModel
  /** its evaluation; null where there was none */
  readonly figures: StudyFigures | null
  readonly certified: CertifiedResult
  readonly formats: readonly ExportFormat[]
  readonly audit: AuditResult | null
}

export interface ModelCard {
  readonly json: Uint8Array
  readonly markdown: Uint8Array
}

/** Both cards; the same facts give the same bytes. */
export function modelCard(facts: CardFacts): ModelCard {
  const card = cardOf(facts)
  return {
    json: new TextEncoder().encode(`${JSON.stringify(card, null, 2)}\n`),
    markdown: new TextEncoder().encode(`${markdownOf(card, facts).join('\n')}\n`),
  }
}

function cardOf({ document, study, founder, checkpoint, which, figures, certified, formats, audit }: CardFacts) {
  const { contract, model, privacy, unit, copies, units } = document
  const { roster, round, quorum } = certified
  const epsilons = plannedEpsilons(document)
  const against = observerWords(privacy.colluders)
  return {
    schemaVersion: CARD_VERSION,
    study: { id: study, name: document.name, created: document.created, founder },
    checkpoint: { hash: checkpoint, round, rounds: lastRound(document), quorum, model: which },
    hospitals: roster.hospitals.map(({ name }, rank) => ({ peer: roster.peers[rank]!, name })),
    rosterVersion: roster.version,
    model: { ...model, sentence: presetOf(model).sentence(model), parameters: planStudy(document).dimension },
    contract,
    input: { name: RECORDS, type: 'float32', shape: ['batch', ...contract.shape], meaning: meaningOf(document) },
    outputs: [LOGITS, PROBABILITIES].map(name => ({
      name,
      type: 'float32',
      shape: ['batch', contract.classes.length],
    })),
    classes: contract.classes,
    privacy: {
      unit: { unit, copies, units, meaning: unitText({ unit, copies, delta: privacy.delta }) },
      delta: privacy.delta,
      // as text: rounded up, and "unbounded" where there is no bound
      epsilons: OBSERVERS.map(observer => {
        return { observer, epsilon: epsilonText(epsilons[observer]), against: against[observer] }
      }),
      patients: patientLines(document),
    },
    metrics: figures,
    metricsNote: figures === null ? NO_METRICS : METRICS,
    ...(figures !== null && { metricsLimits: figuresNotes(figures) }),
    audit: audit ?? NO_AUDIT,
    intendedUse: INTENDED,
    medicalDevice: false,
    formats,
  }
}

/** What the numbers of a record are. */
function meaningOf({ contract }: StudyDocument): string {
  const sentence = contractKindOf(contract).sentence(contract)
  switch (contract.kind) {
    case 'image':
      return `images as height, width, channels; values of 0 to 1, black to white; ${sentence}`
    case 'table':
      return `the entries of a table row in the units of the study, in the order of its columns: ${contract.columns
        .map(column => (column.type === 'number' ? column.name : `${column.name} (${column.values.join(', ')})`))
        .join('; ')}`
    case 'text':
      return `hashed bags of words; ${sentence}`
    case 'sound':
      return `frames by mel bands, scaled logarithms of energy; ${sentence}`
    case 'vector':
      return `vectors in the units of the study; ${sentence}`
  }
}

function markdownOf(card: ReturnType<typeof cardOf>, { document, formats, audit }: CardFacts): string[] {
  const { study, checkpoint, hospitals, privacy, input, outputs, model } = card
  const shape = (sides: readonly (string | number)[]) => `[${sides.join(', ')}]`
  return [
    `# Model card: ${escaped(study.name)}`,
    '',
    `**${NO_DEVICE}**`,
    '',
    INTENDED,
    '',
    '## The model',
    '',
    `- ${model.sentence}, ${model.parameters} parameters: ${checkpoint.model === 'best' ? 'the model with the best evaluation up to' : 'the moving average after'} round ${checkpoint.round} of ${checkpoint.rounds}`,
    `- checkpoint \`${checkpoint.hash}\`, certified by the signatures of a quorum, ${checkpoint.quorum} of ${hospitals.length} hospitals`,
    `- input \`${input.name}\`, ${input.type} ${shape(input.shape)}: ${escaped(input.meaning)}`,
    ...outputs.map(({ name, type, shape: sides }) => `- output \`${name}\`, ${type} ${shape(sides)}`),
    `- classes, in the order of the outputs: ${document.contract.classes.map(escaped).join(', ')}`,
    ...formats.map(format => `- ${FORMAT_WORDS[format]}`),
    '',
    '## The study',
    '',
    `- id \`${study.id}\`, the hash of \`document.study\``,
    `- written ${study.created} by \`${study.founder}\``,
    ...hospitals.map(({ peer, name }) => `- hospital ${escaped(name)}, \`${peer}\``),
    '',
    '## Privacy',
    '',
    'Epsilon bounds what anybody can learn from the training about whether, and how, one unit took part: the odds of any conclusion change by at most the factor e^epsilon, except with probability delta. It holds for the whole study, so for this checkpoint as well.',
    '',
    `Promised to ${privacy.unit.meaning}:`,
    '',
    ...privacy.epsilons.map(({ epsilon, against }) => `- epsilon ${epsilon} against ${against}`),
    ...privacy.patients.map(line => `- ${line}`),
    '',
    '## Measured',
    '',
    `- metrics: ${card.metricsNote}`,
    ...metricLines(card.metrics),
    ...auditLines(audit, document),
    '',
    '## To check all of this',
    '',
    '`confrere verify` with this folder needs no network and no data: it checks the study, the signatures of the hospitals, and that every file here follows from the checkpoint that a quorum of them certified.',
  ]
}

function metricLines(figures: StudyFigures | null): string[] {
  if (figures === null) return []
  return [
    ...namedFigures(figures).map(([name, found]) => `- ${escaped(name)}: ${figureOfEvaluation(found)}`),
    ...figuresNotes(figures).map(note => `- ${note}`),
    ...subgroupLines(figures),
    '- what the scores of each bin came to stands in `card.json`, under `reliability`',
  ]
}

function subgroupLines({ subgroups }: StudyFigures): string[] {
  if (subgroups === undefined) return []
  return subgroups.groups.flatMap(one => [
    `- ${escaped(subgroups.column)}: ${escaped(one.group)}, ${unitsOfGroup(one)}`,
    ...namedFigures(one).map(([name, found]) => `  - ${escaped(name)}: ${figureOfEvaluation(found)}`),
  ])
}

function auditLines(audit: AuditResult | null, { privacy }: StudyDocument): string[] {
  if (audit === null) return [`- audit: ${NO_AUDIT}`]
  const { canaries, rounds, findings } = audit
  return [
    `- audit by the exporter, with ${canaries} made-up records in ${rounds} rehearsed rounds; a lower bound below the claim is no proof of privacy`,
    ...findings.map(({ observer, claimed, found }) => {
      return `- audit: epsilon is at least ${found} against ${observerName(observer, privacy.colluders)}, where ${claimed} is claimed`
    }),
  ]
}

/** Other hospitals' words, without meaning to Markdown or HTML. */
function escaped(words: string): string {
  return words.replace(/[\\`*_{}[\]<>()#+!|&~]/g, found => `\\${found}`)
}
