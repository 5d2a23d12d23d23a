/** A study in words, for an operator who decides about it. @module */

import { contractKindOf } from '../../../protocols/study/contracts/list.ts'
import { type Epsilons, plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { SAMPLE_RATE_ONE } from '../../../protocols/study/limits.ts'
import { presetOf } from '../../../protocols/study/models/list.ts'
import { noiseModeOf } from '../../../protocols/study/noise/list.ts'
import { planStudy, type StudyPlan } from '../../../protocols/study/plan.ts'
import { trainingRounds } from '../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { observerLines, observerWords, patientLines, promisedText, unitText } from '../../privacy/epsilon-text.ts'
import { plannedOfHospitals, plannedOfRecords } from '../../privacy/patient-epsilons.ts'
import { placeSentence, type StudyPlace } from '../../privacy/study-place.ts'
import { peerIdString } from '../../storage/identity.ts'
import { evaluationSentences } from '../../study/evaluation-text.ts'
import { searchSentences } from '../../study/search-text.ts'
import { tableSentences } from '../../study/table-text.ts'
import { equalShare, needsOf, needsText } from '../../training/needs.ts'
import { timingLines } from './timing-text.ts'

/** All three epsilons in words, with their limits. */
export function epsilonLines(document: StudyDocument, epsilons: Epsilons): string[] {
  const { colluders, delta } = document.privacy
  const lines = observerLines(epsilons, observerWords(colluders), {
    charged: "the study's target, and what is charged",
  })
  return [`Privacy of ${unitText({ ...document, delta })}:`, ...lines.map(line => `  ${line}`)]
}

/**
 * All facts that an operator should see before approving.
 *
 * @param place among the studies of this hospital's account, where it is known
 */
export function studyLines(
  study: { document: StudyDocument; study: string; founder: string },
  place: StudyPlace | null = null,
): string[] {
  const { document } = study
  const plan = planStudy(document)
  const { contract, privacy } = document
  return [
    `Study     ${document.name}`,
    `Id        ${study.study}`,
    `Founder   ${study.founder}`,
    `Created   ${document.created}`,
    `Data      ${contract.kind} ${contract.shape.join('x')}, classes: ${contract.classes.join(', ')}; ${contractKindOf(contract).sentence(contract)}`,
    `Unit      ${document.unit}: ${document.units} in all hospitals together (nominal); promised to ${promisedText(document)}, copies ${document.copies}`,
    ...(place === null ? [] : [`Account   ${placeSentence(place)}`]),
    ...normalisationLines(document),
    ...(document.table === undefined ? trainingLines(document, plan) : tableStudyLines(document, plan)),
    `Noise     ${noiseModeOf(privacy).sentence(privacy)}, multiplier ${privacy.noiseMultiplier}, clipping norm ${privacy.clippingNorm}`,
    `Quorum    ${quorumText(document, plan)}`,
    `Terms     ${termsText(document)}`,
    ...timingLines(document),
    `Needs     ${needsText(needsOf(document, equalShare(document)), 'an equal share')}`,
    'Hospitals',
    ...document.hospitals.map(hospitalLine),
    ...epsilonLines(document, plannedEpsilons(document)),
    ...patientLines(document).map(line => `  ${line}`),
    ...warningLines(plan),
  ]
}

function trainingLines(document: StudyDocument, plan: StudyPlan): string[] {
  const { model, initialSeed, optimizer, privacy, search } = document
  return [
    `Model     ${presetOf(model).sentence(model)}, ${plan.dimension} parameters`,
    ...viewsLines(document),
    `Seed      ${Buffer.from(initialSeed).toString('hex')} of the first parameters`,
    ...scheduleLines(document),
    `Training  ${trainingRounds(document)} rounds, ${search === null ? `learning rate ${optimizer.learningRate}, momentum ${optimizer.momentum}, ` : 'those of the search among them, '}` +
      `moving average ${optimizer.averageDecay}, ` +
      `sample rate ${Number((privacy.sampleRate / SAMPLE_RATE_ONE).toPrecision(6))}`,
  ]
}

function tableStudyLines(document: StudyDocument, plan: StudyPlan): string[] {
  const [what, ...rest] = tableSentences(document)
  return [
    'Model     none',
    `Table     ${what}`,
    ...rest.map(text => `          ${text}`),
    `Numbers   ${plan.dimension} in a sum`,
  ]
}

function scheduleLines(document: StudyDocument): string[] {
  const sentences = evaluationSentences(document)
  const searches = searchSentences(document)
  if (sentences.length > 0) return [...labelled('Evaluates', sentences), ...labelled('Searches', searches)]
  return [`Schedule  ${document.schedule.map(({ kind, rounds }) => `${kind} ${rounds}`).join(', then ')}`]
}

function labelled(label: string, sentences: readonly string[]): string[] {
  return sentences.map((text, at) => `${(at === 0 ? label : '').padEnd(10)}${text}`)
}

/** Terms of which this version knows one value each. */
function termsText({ cohort, influence, evaluation, search, wordBits }: StudyDocument): string {
  return (
    `cohort ${cohort} (whoever is there contributes), influence ${influence === null ? 'none (no bound on a round)' : `${influence} (bounds how far a round moves the model)`}, ${evaluation === null ? 'evaluation none, ' : ''}` +
    `${search === null ? 'search none, ' : ''}words of ${wordBits} bits`
  )
}

function hospitalLine({ id, name, addresses }: StudyDocument['hospitals'][number]): string {
  return [`  ${peerIdString(id)}  ${name}`, ...addresses].join('  ')
}

function normalisationLines({ contract, normalisation }: StudyDocument): string[] {
  const bounds = contract.kind !== 'image' && contractKindOf(contract).bounds(contract) !== null
  if (normalisation === undefined) return bounds ? ['Columns   clipped to the public bounds of the study'] : []
  const { noiseMultiplier } = normalisation
  if (normalisation.kind === 'mean') {
    return [
      `Features  centred by their mean, which all hospitals add up once, before the first round, and scaled back to ` +
        `norm ${normalisation.norm} (noise multiplier ${noiseMultiplier}, charged like a round)`,
    ]
  }
  return [
    `Columns   ${bounds ? 'clipped to the public bounds of the study, ' : ''}mean 0 and deviation 1 by statistics that all ` +
      `hospitals add up once, before the first round (noise multiplier ${noiseMultiplier}, charged like a round)`,
  ]
}

function warningLines({ warnings }: StudyPlan): string[] {
  return warnings.map(warning => `Warning: ${warning}`)
}

/** The same facts for programs. */
export function studyJson(study: { document: StudyDocument; study: string; founder: string }): object {
  const { document } = study
  const { initialSeed, hospitals, privacy, ...rest } = document
  return {
    study: study.study,
    founder: study.founder,
    document: {
      ...rest,
      initialSeed: Buffer.from(initialSeed).toString('hex'),
      privacy: { ...privacy, sampleRate: privacy.sampleRate / SAMPLE_RATE_ONE },
      hospitals: hospitals.map(({ id, ...hospital }) => ({ peer: peerIdString(id), ...hospital })),
    },
    plan: planStudy(document),
    needs: needsOf(document, equalShare(document)),
    epsilons: plannedEpsilons(document),
    epsilonsOfPatient: plannedOfHospitals(document),
    ...(document.unit === 'record' && { epsilonsOfRecords: plannedOfRecords(document) }),
  }
}

function quorumText({ profile, privacy }: StudyDocument, plan: StudyPlan): string {
  return (
    `${plan.quorum} of ${plan.hospitals} votes (${profile} profile, ${plan.faulty} may fail), ` +
    `at least ${plan.contributorsMin} contributors, ${privacy.colluders} may collude`
  )
}

function viewsLines({ augmentation }: StudyDocument): string[] {
  if (augmentation === undefined) return []
  const { views, shift, flip } = augmentation
  const how = `shifted by up to ${shift} pixels${flip ? ', half of them turned left to right' : ''}`
  return [`Views     ${views} of each image, ${how}; clipped together, as one record`]
}
