// Claims of protocols/study/search.ts: the candidate of a round follows from the schedule alone; a search that is not judged,
// that has no training after it, or that pays twice for the same settings is refused in words.

import test from 'ava'
import fc from 'fast-check'
import { ProtocolError } from '../../../protocols/errors.ts'
import { decodeStudy, encodeStudy, validateStudy } from '../../../protocols/study/document.ts'
import { mainRounds, roundKind, roundsOf, scheduleOf } from '../../../protocols/study/rounds.ts'
import { candidateIn, lastSearchRound, optimizerWith } from '../../../protocols/study/search.ts'
import type { StudyDocument, StudySearch } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const evaluation = { bins: 4, share: 2 ** 30, units: 400, noiseMultiplier: 1, margin: 0.05 }
const search: StudySearch = {
  candidates: [
    { learningRate: 0.1, momentum: 0.5 },
    { learningRate: 0.4, momentum: 0 },
  ],
  rounds: 3,
}
const study = testStudy(testSigners(5), {
  evaluation,
  search,
  schedule: scheduleOf({ rounds: 7, statistics: false, every: 2, search }),
})

const refusal = (changes: Partial<StudyDocument>): string => {
  try {
    validateStudy({ ...study, ...changes })
    return 'accepted'
  } catch (error) {
    return error instanceof ProtocolError ? `${error.code}: ${error.message}` : `another exception: ${error}`
  }
}

test('each candidate has its rounds of training and one evaluation, and the rest of the study none of them', t => {
  const many = fc.integer({ min: 2, max: 8 })
  const some = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(many, some, some, some, fc.boolean(), (count, rounds, more, every, statistics) => {
      const candidates = Array.from({ length: count }, (_, at) => ({ learningRate: at + 1, momentum: 0 }))
      const tried = { candidates, rounds }
      const schedule = scheduleOf({ rounds: rounds + more, statistics, every, search: tried })
      const all = Array.from({ length: lastSearchRound({ search: tried }) + more }, (_, at) => at + 1)
      for (const [candidate] of candidates.entries()) {
        const own = all.filter(round => candidateIn({ search: tried }, round) === candidate)
        t.deepEqual(
          own.map(round => roundKind({ schedule }, round)),
          [...Array.from({ length: rounds }, () => 'training'), 'evaluation'],
        )
      }
      t.is(candidateIn({ search: tried }, lastSearchRound({ search: tried }) + 1), null)
      t.is(mainRounds({ schedule }), count * rounds + more, 'the other candidates are paid for as well')
      t.is(roundsOf({ schedule }, 'evaluation'), count + Math.ceil(more / every))
    }),
  )
})

test('a study without a search has no candidate in any round, and its own optimizer', t => {
  t.is(candidateIn({ search: null }, 1), null)
  t.is(lastSearchRound({ search: null }), 0)
  t.deepEqual(optimizerWith({ ...study, search: null }, null), study.optimizer)
  t.deepEqual(optimizerWith(study, 1), { ...study.optimizer, learningRate: 0.4, momentum: 0 })
})

test('a study with a search is its own after encoding', t => {
  t.deepEqual(decodeStudy(encodeStudy(study)), study)
})

test('a search without evaluations, without training after it, or in another schedule is refused in words', t => {
  const plain = scheduleOf({ rounds: 7, statistics: false })
  t.regex(refusal({ evaluation: null, schedule: plain }), /^malformed-study: search: .*needs the term evaluation/)
  const none = study.schedule.slice(0, 4)
  t.regex(refusal({ schedule: none }), /^malformed-study: search: .*trains on after them/)
  const other = scheduleOf({ rounds: 7, statistics: false, every: 2, search: { ...search, rounds: 2 } })
  t.regex(refusal({ schedule: other }), /^malformed-study: search: the schedule of 2 candidates begins with 3 rounds/)
})

test('candidates are two to eight, all different, and have nothing that needs other noise', t => {
  const [one, two] = search.candidates as [(typeof search.candidates)[number], (typeof search.candidates)[number]]
  const of = (candidates: unknown[]) => refusal({ search: { ...search, candidates } as StudySearch })
  t.regex(of([one]), /^malformed-study: .*search.candidates/)
  t.regex(of(Array.from({ length: 9 }, () => one)), /^malformed-study: .*search.candidates/)
  t.regex(of([one, two, { ...one }]), /number 3 says what an earlier one says, and would be paid for twice/)
  t.regex(of([one, { ...two, learningRate: 0 }]), /^malformed-study: .*learningRate/)
  t.regex(of([one, { learningRate: 3 }]), /^malformed-study: .*momentum/)
  t.regex(of([one, { ...two, clippingNorm: 3 }]), /^needs-newer: .*search.candidates.1.clippingNorm/)
})
