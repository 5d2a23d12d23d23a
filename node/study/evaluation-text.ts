/** A study's evaluations in words. @module */

import { printable } from '../../protocols/encoding/printable.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { roundsOf, trainingRounds } from '../../protocols/study/rounds.ts'
import { studySubgroups } from '../../protocols/study/subgroups.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { bestBins, DEVIATION_WANTED, expectedDeviation, unitsFor } from './evaluation-plan.ts'
import { evaluationAhead } from './study-spec.ts'

/** What a study's evaluations are, and what to expect of them; none in studies without. */
export function evaluationSentences(document: StudyDocument): string[] {
  const { evaluation, unit } = document
  const ahead = evaluationAhead(document)
  if (evaluation === null || ahead === null) return []
  const { terms, expected } = ahead
  const units = unit === 'patient' ? 'patients' : 'records'
  const share = `${Number(((100 * evaluation.share) / SAMPLE_RATE_ONE).toPrecision(3))} %`
  const needed = unitsFor(DEVIATION_WANTED, terms)
  return [
    `${scheduleText(document)}. For them each hospital holds back ${share} of its ${units} (about ${evaluation.units} in all), by a hash of their own: these are trained on in no round.`,
    `The scores are counted in ${evaluation.bins} bins, with noise of multiplier ${evaluation.noiseMultiplier}. Expected of the AUC, if it is 0.9: off by ${expected.total.toFixed(3)} from that of all held-back ${units} in one place (noise ${expected.noise.toFixed(3)}, bins ${expected.binning.toFixed(3)}); that itself is uncertain by ${expected.sampling.toFixed(3)}, as they are so few. ${needed === null ? `Nothing brings it to ${DEVIATION_WANTED}.` : `To be within ${DEVIATION_WANTED} takes about ${needed} ${units}.`}`,
    ...subgroupSentences(document),
    `A score that falls by more than ${evaluation.margin} below the best one, and by more than the noise explains, is undone: all hospitals go back to the best model. After two returns the next fall pauses the study.`,
  ]
}

/** What groups that are counted apart are, and their price; none in studies without. */
function subgroupSentences(document: StudyDocument): string[] {
  const subgroups = studySubgroups(document)
  const ahead = evaluationAhead(document)
  if (subgroups === null || ahead === null) return []
  const { terms, expected } = ahead
  const { column, names } = subgroups
  const noise = terms.noise / Math.sqrt(names.length)
  const without = bestBins({ ...terms, noise })
  const units = Math.max(1, Math.round(terms.units / names.length))
  const one = expectedDeviation({ ...terms, noise, units }, expected.bins)
  const ofOne = one.noise >= 1 ? 'hidden by the noise' : `off by ${one.total.toFixed(3)}`
  return [
    `Units are counted apart by the column ${printable(column)}, in ${names.length} groups: ${names.map(name => printable(name)).join('; ')}. The price: the figures of all together have ${Math.sqrt(names.length).toFixed(2)} times the noise, and their AUC is off by ${expected.total.toFixed(3)} instead of ${without.total.toFixed(3)} without groups. The AUC of a group of ${units}, were they equal, is expected ${ofOne}.`,
  ]
}

/** When a study evaluates. */
export function scheduleText({ schedule, search }: Pick<StudyDocument, 'schedule' | 'search'>): string {
  if (search !== null) {
    const many = search.candidates.length
    const after = schedule.filter(({ kind }) => kind !== 'statistics').slice(2 * many)
    return `${many} evaluations, one of each candidate; after the search: ${scheduleText({ schedule: after, search: null })}`
  }
  const document = { schedule }
  const evaluations = roundsOf(document, 'evaluation')
  if (evaluations === 1) return `One evaluation, after ${trainingRounds(document)} rounds of training`
  const every = schedule.find(({ kind }) => kind === 'training')!.rounds
  const last = trainingRounds(document) % every === 0 ? '' : ' and one at the end'
  return `${evaluations} evaluations, one after every ${every} rounds of training${last}`
}
