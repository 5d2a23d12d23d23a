// Claims of protocols/study/contracts/image.ts: a contract names the modalities that it takes, in a bounded list of codes,
// and says so to whoever reads the study.

import test from 'ava'
import { IMAGE, type ImageContract } from '../../../protocols/study/contracts/image.ts'
import { studyIdOf, validateStudy } from '../../../protocols/study/document.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { toHex } from '../../helpers/hex.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { codeOf } from './changed.ts'

const CONTRACT: ImageContract = { kind: 'image', shape: [8, 12, 1], classes: ['a', 'b'] }
const study: StudyDocument = { ...testStudy(testSigners(4), {}), contract: CONTRACT, model: { preset: 'logistic' } }
const taking = (modality: unknown) => ({ ...study, contract: { ...CONTRACT, modality } }) as StudyDocument

test('the modalities of a contract are 1 to 16 distinct codes in capital letters', t => {
  const sixteen = Array.from({ length: 16 }, (_, at) => `M${at}`)
  for (const good of [['CR'], ['CR', 'DX'], ['XAPROTOCOL', 'A_1'], sixteen]) {
    t.is(
      codeOf(() => validateStudy(taking(good))),
      'accepted',
    )
  }
  const bad = [[], 'CR', null, [1], ['cr'], ['C R'], [''], ['1X'], ['CR '], ['CR', 'CR'], ['A'.repeat(17)], [['CR']]]
  for (const value of [...bad, [...sixteen, 'CR']]) {
    t.is(
      codeOf(() => validateStudy(taking(value))),
      'malformed-study',
      JSON.stringify(value),
    )
  }
})

test('the views of a contract are 1 to 16 distinct codes, and make it another study', t => {
  const seeing = (view: unknown) => ({ ...study, contract: { ...CONTRACT, view } }) as StudyDocument
  const outcome = (view: unknown) => codeOf(() => validateStudy(seeing(view)))
  for (const good of [['PA'], ['PA', 'AP']]) t.is(outcome(good), 'accepted')
  for (const bad of [
    [],
    'PA',
    null,
    [1],
    ['pa'],
    ['P A'],
    ['PA', 'PA'],
    Array.from({ length: 17 }, (_, at) => `V${at}`),
  ]) {
    t.is(outcome(bad), 'malformed-study', JSON.stringify(bad))
  }
  t.not(toHex(studyIdOf(seeing(['PA']))), toHex(studyIdOf(study)))
  const sentence = 'pixels of that size, black to white as the file means them; of DICOM files those'
  t.is(IMAGE.sentence({ ...CONTRACT, view: ['PA', 'AP'] }), `${sentence} in the view PA or AP`)
  t.is(IMAGE.sentence({ ...CONTRACT, modality: ['CR'], view: ['PA'] }), `${sentence} of CR in the view PA`)
})

test('a study with modalities is another one, and one without has the bytes that it had', t => {
  const ids = [study, taking(['CR']), taking(['CR', 'DX']), taking(['DX', 'CR'])].map(one => toHex(studyIdOf(one)))
  t.is(new Set(ids).size, 4)
  t.false(JSON.stringify(validateStudy(study)).includes('modality'))
})

test('a contract says in a sentence what it takes, and what a pair of values means', t => {
  const pixels = { grey: 'display', resize: 'none', fit: 'stretch' } as const
  t.is(IMAGE.sentence(CONTRACT), 'pixels of that size, black to white as the file means them')
  t.is(
    IMAGE.sentence({ ...CONTRACT, modality: ['CR', 'DX', 'RG'] }),
    'pixels of that size, black to white as the file means them; of DICOM files those of CR, DX or RG',
  )
  t.is(
    IMAGE.sentence({ ...CONTRACT, modality: ['CT'], pixels: { ...pixels, grey: [-1000, 400] } }),
    'values of -1000 to 400 in the unit that the file states, else as shades from black, files of that size; of DICOM files those of CT',
  )
})
