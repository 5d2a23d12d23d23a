/** A study in plain words: for a physician or a data protection officer who decides about it. @module */

import { contractKindOf } from '../../protocols/study/contracts/list.ts'
import { plannedEpsilons } from '../../protocols/study/epsilons.ts'
import { presetOf } from '../../protocols/study/models/list.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { trainingRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { observerLines, observerWords, promisedText, severalHospitalsLine } from '../privacy/epsilon-text.ts'
import { plannedOfHospitals } from '../privacy/patient-epsilons.ts'
import { evaluationSentences } from './evaluation-text.ts'
import { searchSentences } from './search-text.ts'
import { tableSentences } from './table-text.ts'

export interface DescriptionSection {
  readonly title: string
  /** paragraphs */
  readonly text: string[]
}

/** Of a document, once: the epsilons of several hospitals take half a second. */
const described = new WeakMap<StudyDocument, DescriptionSection[]>()

/** What is trained, on which data, what it costs in privacy and against whom, and what happens when somebody is absent. */
export function describeStudy(document: StudyDocument): DescriptionSection[] {
  const known = described.get(document)
  if (known !== undefined) return known
  const evaluations = evaluationSentences(document)
  const evaluated = evaluations.length === 0 ? [] : [{ title: 'How it is judged', text: evaluations }]
  const searches = searchSentences(document)
  const searched = searches.length === 0 ? [] : [{ title: 'How its settings are chosen', text: searches }]
  const sections = [
    document.table === undefined ? trained(document) : counted(document),
    data(document),
    ...evaluated,
    ...searched,
    privacy(document),
    absence(document),
  ]
  described.set(document, sections)
  return sections
}

function trained(document: StudyDocument): DescriptionSection {
  const { contract, model, hospitals } = document
  return {
    title: 'What is trained',
    text: [
      `${presetOf(model).sentence(model)}. It tells ${contract.classes.join(', ')} apart, and is trained in ${trainingRounds(document)} rounds by ${hospitals.length} hospitals together: ${hospitals.map(({ name }) => name).join(', ')}.`,
      'Records stay in each hospital. What leaves it is the sum of its updates with noise and under masks, which shows nothing until all masks cancel.',
    ],
  }
}

function counted(document: StudyDocument): DescriptionSection {
  const { hospitals } = document
  return {
    title: 'What is counted',
    text: [
      ...tableSentences(document),
      `The hospitals are ${hospitals.map(({ name }) => name).join(', ')}. Records stay in each of them. What leaves one is its counts with noise and under masks, which show nothing until all masks cancel.`,
    ],
  }
}

function data({ contract, unit, units }: StudyDocument): DescriptionSection {
  return {
    title: 'On which data',
    text: [
      `Records of the kind "${contract.kind}", ${contract.shape.join(' x ')}: ${contractKindOf(contract).sentence(contract)}.`,
      `The study counts on ${units} ${unit === 'patient' ? 'patients' : 'records'} in all hospitals together. Each hospital reads its own data set, checks it against this description, and leaves out what does not fit.`,
    ],
  }
}

function privacy(document: StudyDocument): DescriptionSection {
  const { colluders, delta } = document.privacy
  if (!noiseModeOf(document.privacy).isPrivate) {
    return { title: 'What it costs in privacy', text: ['The study adds no noise: it promises no privacy.'] }
  }
  const against = observerWords(colluders)
  return {
    title: 'What it costs in privacy',
    text: [
      `It protects ${promisedText(document)}, at delta ${delta.toExponential()}. Over all rounds, at most:`,
      ...observerLines(plannedEpsilons(document), against, { charged: 'what is charged to this hospital' }),
      severalHospitalsLine(plannedOfHospitals(document), against),
    ],
  }
}

function absence(document: StudyDocument): DescriptionSection {
  const { hospitals, quorum, contributorsMin, faulty } = planStudy(document)
  const waits =
    faulty === 0
      ? `All ${hospitals} hospitals are needed: while one is absent, everything waits, and goes on by itself when it is back.`
      : `${quorum} of ${hospitals} hospitals are needed. Up to ${faulty} may be absent or fail, and the others go on without them; while more are absent, everything waits, and goes on by itself.`
  return {
    title: 'When a hospital is absent',
    text: [
      waits,
      `A round counts when at least ${contributorsMin} hospitals contribute. A hospital that comes back catches up by itself.`,
    ],
  }
}
