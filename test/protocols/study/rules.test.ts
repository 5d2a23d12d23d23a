// Claims of protocols/study/rules.ts: combinations that would promise more than they keep are refused, by name.

import test from 'ava'
import { ProtocolError } from '../../../protocols/errors.ts'
import { validateStudy } from '../../../protocols/study/document.ts'
import { FEATURE_NORM } from '../../../protocols/study/models/scattering.ts'
import { withRounds } from '../../../protocols/study/rounds.ts'
import { type StudyChanges, testSigners, testStudy } from '../../helpers/study/study.ts'

const study = testStudy(testSigners(5), {
  privacy: {
    ...{ noise: 'distributed', clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1.5 },
    ...{ delta: 1e-5, epsilon: 3, colluders: 2 },
  },
})

const codeOf = (action: () => unknown): string => {
  try {
    action()
    return 'accepted'
  } catch (error) {
    return error instanceof ProtocolError ? error.code : `another exception: ${error}`
  }
}

test('several local steps need local noise, by name; without the field there is one', t => {
  const steps = (noise: string) =>
    codeOf(() => validateStudy({ ...study, privacy: { ...study.privacy, noise, localSteps: 4 } }))
  t.is(steps('distributed'), 'local-steps-need-local-noise')
  t.is(steps('local'), 'accepted')
  for (const localSteps of [0, 1.5, -1, 1e6]) {
    t.is(
      codeOf(() => validateStudy({ ...study, privacy: { ...study.privacy, noise: 'local', localSteps } })),
      'malformed-study',
    )
  }
  t.is(
    codeOf(() => validateStudy({ ...study, privacy: { ...study.privacy, localSteps: 1 } })),
    'accepted',
  )
})

test('bounds are one for each column, low below high; a normalisation of vectors needs them', t => {
  const [columns] = study.contract.shape
  const bounds = Array.from({ length: columns }, () => [0, 1])
  const normalisation = { kind: 'columns' as const, noiseMultiplier: 4 }
  const codeWith = (data: object, more: Pick<StudyChanges, 'normalisation'> = {}) =>
    codeOf(() => validateStudy({ ...withRounds({ ...study, ...more }, 3), contract: { ...study.contract, ...data } }))
  t.is(codeWith({ bounds }), 'accepted')
  t.is(codeWith({ bounds }, { normalisation }), 'accepted')
  t.is(codeWith({}, { normalisation }), 'unsupported-normalisation')
  t.is(codeWith({ bounds: bounds.slice(1) }), 'bad-bounds')
  t.is(codeWith({ bounds: bounds.with(2, [1, 1]) }), 'bad-bounds')
  t.is(codeWith({ bounds: bounds.with(2, [2, 1]) }), 'bad-bounds')
  t.is(codeWith({ bounds: bounds.with(2, [0, Number.NaN]) }), 'malformed-study')
  t.is(codeWith({ bounds: bounds.with(2, [0, 1, 2]) }), 'malformed-study')
  t.is(codeWith({ bounds }, { normalisation: { kind: 'columns' as const, noiseMultiplier: 0 } }), 'malformed-study')
})

test('scattering is refused normalised columns: it standardises every image by itself', t => {
  const data = { kind: 'image', shape: [8, 8, 1], classes: ['a', 'b'] }
  const normalisation = { kind: 'columns' as const, noiseMultiplier: 4 }
  const scattering = { preset: 'scattering', scales: 2, angles: 4, cell: 4 }
  t.is(
    codeOf(() => validateStudy({ ...withRounds({ ...study, normalisation }, 3), contract: data, model: scattering })),
    'unsupported-normalisation',
  )
  t.is(
    codeOf(() => validateStudy({ ...withRounds({ ...study, normalisation }, 3), contract: data })),
    'accepted',
  )
})

test('a mean is taken of features that nobody learns, at the norm that they have', t => {
  const image = { kind: 'image', shape: [8, 8, 1], classes: ['a', 'b'] }
  const scattering = { preset: 'scattering', scales: 2, angles: 4, cell: 4 }
  const normalised = withRounds({ ...study, normalisation: { kind: 'columns' as const, noiseMultiplier: 4 } }, 3)
  const codeWith = (normalisation: object, changes: object) =>
    codeOf(() => validateStudy({ ...normalised, normalisation, ...changes }))
  const mean = { kind: 'mean', norm: FEATURE_NORM, noiseMultiplier: 4 }
  t.is(codeWith(mean, { contract: image, model: scattering }), 'accepted')
  t.is(codeWith(mean, {}), 'accepted', 'vectors may be features already')
  t.is(codeWith({ ...mean, norm: 9 }, { contract: image, model: scattering }), 'unsupported-normalisation')
  t.is(codeWith(mean, { model: { preset: 'mlp', units: [4] } }), 'unsupported-normalisation')
  for (const normalisation of [{ kind: 'mean', noiseMultiplier: 4 }, { ...mean, norm: 0 }, { noiseMultiplier: 4 }]) {
    t.is(codeWith(normalisation, {}), 'malformed-study', JSON.stringify(normalisation))
  }
  t.is(codeWith({ ...mean, kind: 'median' }, {}), 'needs-newer', 'a later kind needs no other version')
})
