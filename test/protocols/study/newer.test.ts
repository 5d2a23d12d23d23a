// Claims of protocols/study/terms.ts and rounds.ts: what only a newer program can know is refused by its name, and never as
// malformed.

import test from 'ava'
import { validateStudy } from '../../../protocols/study/document.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { changedIn, codeOf } from './changed.ts'

const study = testStudy(testSigners(5), {})
const changed = (path: string, value: unknown): unknown => changedIn(study, path, value)

test('what only a newer version can know is refused by name, and not as malformed', t => {
  const training = { kind: 'training', rounds: 3 }
  const newer: [path: string, value: unknown, named: string][] = [
    ['unit', 'family', 'unit is "family"'],
    ['cohort', 'fixed', 'cohort is "fixed"'],
    ['search', { candidates: [], rounds: 1, folds: 3 }, 'the term "search.folds"'],
    ['wordBits', 64, 'wordBits is 64'],
    ['schedule', [{ kind: 'survival', rounds: 1 }], 'schedule.0.kind is "survival"'],
    ['schedule', [{ kind: 'evaluation', rounds: 1 }], 'The schedule is evaluation'],
    ['schedule', [training, { kind: 'evaluation', rounds: 2 }], 'The schedule is training, evaluation'],
    ['schedule', [training, training], 'The schedule is training, training'],
    ['schedule', [training, { kind: 'statistics', rounds: 1 }], 'The schedule is training, statistics'],
    ['contract.kind', 'video', 'contract.kind is "video"'],
    ['contract.window', 1, 'the term "contract.window"'],
    ['augmentation', { views: 4, shift: 2, flip: false, turn: 90 }, 'the term "augmentation.turn"'],
    ['privacy.noise', 'laplace', 'privacy.noise is "laplace"'],
    ['profile', 'omission', 'profile is "omission"'],
    ['model', { preset: 'transformer' }, 'model.preset is "transformer"'],
    ['model', undefined, 'The study has no model'],
    ['model', { file: new Uint8Array(32) }, 'model is no preset'],
    ['model', { preset: 'mlp', units: [8], activation: 'sigmoid' }, 'model.activation is "sigmoid"'],
    ['model', { preset: 'mlp', units: [8], standardised: true }, 'the term "model.standardised"'],
    ['model', { preset: 'logistic', activation: 'tanh' }, 'the term "model.activation"'],
  ]
  for (const [path, value, named] of newer) {
    const error = t.throws(() => validateStudy(changed(path, value)), { code: 'needs-newer' } as object) as Error
    t.true(error.message.includes(named) && error.message.includes('needs a newer Confrère'), error.message)
  }
  for (const term of ['unit', 'copies', 'cohort', 'influence', 'evaluation', 'search', 'wordBits']) {
    t.is(
      codeOf(() => validateStudy(changed(term, undefined))),
      'malformed-study',
      `without ${term}`,
    )
  }
})

test('another version is incompatible, not malformed', t => {
  t.is(
    codeOf(() => validateStudy(changed('version', 3))),
    'incompatible-study',
  )
  t.is(
    codeOf(() => validateStudy(changed('version', 'x'))),
    'malformed-study',
  )
  t.throws(() => validateStudy(changed('version', 3)), { message: /needs a newer Confrère/ })
  t.throws(() => validateStudy(changed('version', 1)), { message: /an older Confrère/ })
})
