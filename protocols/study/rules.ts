/**
 * The rules of a study document across fields, beyond the schema.
 *
 * @module
 */

import { compare } from 'uint8arrays/compare'
import { ProtocolError } from '../errors.ts'
import { requireDistinct } from './contracts/fields.ts'
import { contractKindOf } from './contracts/list.ts'
import * as limit from './limits.ts'
import { presetOf } from './models/list.ts'
import { noiseModeOf } from './noise/list.ts'
import { parameterSpecs } from './parameters.ts'
import { checkSchedule } from './rounds.ts'
import { requireSearchTerms } from './search.ts'
import { requireSubgroups } from './subgroups.ts'
import { requireTableTerms } from './table.ts'
import { checkTiming } from './timing.ts'
import type { StudyDocument, StudyNormalisation } from './types.ts'

/** Checks a document whose shape and limits are valid. @throws ProtocolError as `validateStudy` lists */
export function checkRules(document: StudyDocument): void {
  checkRoster(document)
  checkSchedule(document)
  requireTableTerms(document)
  requireSearchTerms(document)
  noiseModeOf(document.privacy).check(document.privacy)
  checkData(document)
  requireSubgroups(document)
  checkAugmentation(document)
}

function checkRoster({ hospitals, profile, privacy }: StudyDocument): void {
  const count = hospitals.length
  if (count < limit.HOSPITALS_MIN) {
    throw new ProtocolError(
      'too-few-hospitals',
      `A study needs at least ${limit.HOSPITALS_MIN} hospitals, not ${count}: of two, each could subtract its own ` +
        "update from the sum and hold the other's",
    )
  }
  for (let rank = 1; rank < count; rank++) {
    if (compare(hospitals[rank - 1]!.id, hospitals[rank]!.id) >= 0) {
      throw new ProtocolError('bad-roster', 'The hospitals must stand in ascending order of their peer ids, each once')
    }
  }
  requireDistinct(
    'bad-roster',
    'Two hospitals have the name',
    hospitals.map(hospital => hospital.name),
  )
  if (count === 3 && profile !== 'crash') {
    throw new ProtocolError('bad-profile', 'Three hospitals cannot tell who lies: with three, the profile is "crash"')
  }
  if (privacy.colluders > count - 2) {
    throw new ProtocolError(
      'too-many-colluders',
      `Of ${count} hospitals at most ${count - 2} may collude (two honest ones hide each other), not ${privacy.colluders}`,
    )
  }
}

function checkData({ unit, contract, model, timing, normalisation }: StudyDocument): void {
  contractKindOf(contract).check(contract)
  if (unit === 'patient' && !contract.patients) {
    throw new ProtocolError(
      'malformed-study',
      'unit: patients are the unit where records say whose they are: contract.patients is not set',
    )
  }
  if (normalisation !== undefined) checkNormalisation(normalisation, { contract, model })
  checkTiming(timing)
  parameterSpecs(model, contract)
}

function checkNormalisation(
  normalisation: StudyNormalisation,
  { contract, model }: Pick<StudyDocument, 'contract' | 'model'>,
): void {
  const unsupported = (reason: string) => new ProtocolError('unsupported-normalisation', reason)
  const { isLinear, featureNorm } = presetOf(model)
  if (normalisation.kind === 'mean') {
    if (!isLinear) {
      throw unsupported(`A mean of features needs features that nobody learns: ${model.preset} learns its own`)
    }
    if (featureNorm !== null && normalisation.norm !== featureNorm) {
      throw unsupported(`The features of ${model.preset} have norm ${featureNorm}, not ${normalisation.norm}`)
    }
    return
  }
  if (featureNorm !== null) {
    throw unsupported(
      `The records of ${model.preset} are standardised one by one: normalised columns would cost privacy and change ` +
        'nothing; its features have a mean, which is another kind of normalisation',
    )
  }
  const { plural, bounds } = contractKindOf(contract)
  if (bounds(contract) !== null) return
  throw unsupported(
    `A normalisation of ${plural} needs public bounds: without them one record could add anything to the statistics`,
  )
}

function checkAugmentation({ augmentation, contract, model }: StudyDocument): void {
  if (augmentation === undefined) return
  const unsupported = (reason: string) =>
    new ProtocolError('unsupported-augmentation', `These records cannot be augmented: ${reason}`)
  if (contract.kind !== 'image')
    throw unsupported(`views are of images, and the data are ${contractKindOf(contract).plural}`)
  const { augmentationRefusal } = presetOf(model)
  if (augmentationRefusal !== null) throw unsupported(augmentationRefusal)
  const side = Math.min(contract.shape[0], contract.shape[1])
  if (augmentation.shift >= side) {
    throw unsupported(`a shift by ${augmentation.shift} pixels needs a side of more, and the images have ${side}`)
  }
}
