// Claims of node/study/search-spec.ts and search-text.ts, and of a search with real training: the spec's candidates come into
// the document, the noise keeps epsilon over all their rounds, texts say what they cost; of two learning rates the one
// that learns is chosen, by training as the study does it.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { NOISE_MULTIPLIER_STEP } from '../../../crypto/accounting/rdp.ts'
import { studyLines } from '../../../node/cli/study/text.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { deal } from '../../../node/privacy-audit/records.ts'
import { rehearse } from '../../../node/privacy-audit/rehearsal.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { describeStudy } from '../../../node/study/description.ts'
import { searchLines } from '../../../node/study/search-text.ts'
import { documentOfSpec, readStudySpec } from '../../../node/study/study-spec.ts'
import { searchSeen } from '../../../protocols/model/search-state.ts'
import { decodeStudy, encodeStudy } from '../../../protocols/study/document.ts'
import { plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { mainRounds, roundsOf, scheduleOf } from '../../../protocols/study/rounds.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { rngOf, strangers, wasm } from '../privacy-audit/subjects.ts'

const PEERS = testSigners(5).map(({ id }) => peerIdString(id))
const SEARCH =
  '[search]\ncandidates = [{ learningRate = 1 }, { learningRate = 2, momentum = 0 }, { learningRate = 4 }]\nrounds = 6'
const textOf = (search: string, evaluation = '[evaluation]\nevery = 8\nbins = 8') =>
  specText(PEERS, { learningRate: `learningRate = 0.5\n${evaluation}\n${search}` })

async function build(t: ExecutionContext, text: string) {
  const file = join(await temporaryFolder(t), 'spec.toml')
  await writeFile(file, text)
  return documentOfSpec(await readStudySpec(file), { created: '2026-01-01T00:00:00Z', file })
}

test('the candidates of a spec come into the document, and the noise keeps epsilon over all their rounds', async t => {
  const { document } = await build(t, textOf(SEARCH))
  t.deepEqual(document.search, {
    candidates: [
      { learningRate: 1, momentum: 0.9 },
      { learningRate: 2, momentum: 0 },
      { learningRate: 4, momentum: 0.9 },
    ],
    rounds: 6,
  })
  t.deepEqual(decodeStudy(encodeStudy(document)), document)
  t.is(mainRounds(document), 20 + 2 * 6)
  t.is(roundsOf(document, 'evaluation'), 3 + 2)
  const { noiseMultiplier, delta, sampleRate } = document.privacy
  const evaluations = { sampleRate: 1, noiseMultiplier: document.evaluation!.noiseMultiplier, steps: 5 }
  const at = (z: number) =>
    pldEpsilon([evaluations, { sampleRate: sampleRate / 2 ** 32, noiseMultiplier: z, steps: 32 }], { delta })
  t.true(at(noiseMultiplier) <= 3 && at(noiseMultiplier - 2 * NOISE_MULTIPLIER_STEP) > 3)
  t.is(plannedEpsilons(document).colluding, at(noiseMultiplier))
  const { document: without } = await build(t, textOf(''))
  t.true(without.privacy.noiseMultiplier < noiseMultiplier, 'a search is paid for in noise')
  t.is(without.search, null)
})

test('a search without an evaluation, or with no rounds left to train, is refused in words', async t => {
  const refusals: [text: string, words: RegExp][] = [
    [textOf(SEARCH, ''), /needs the term evaluation/],
    [textOf(SEARCH.replace('rounds = 6', 'rounds = 20')), /search.rounds: 20 of the 20 rounds .* leave none to train/],
    [textOf('[search]\ncandidates = [{ learningRate = 1 }]\nrounds = 6'), /search.candidates/],
    [textOf('[search]\ncandidates = [{ learningRate = 1, epsilon = 2 }, { learningRate = 2 }]\nrounds = 6'), /epsilon/],
  ]
  for (const [text, words] of refusals) {
    const error = await t.throwsAsync(build(t, text), { instanceOf: OperatorError })
    t.is(error.exitCode, EXIT.config)
    t.regex(error.message, words)
  }
})

test('texts say what is tried, and what the search costs alone, the rest alone, and both', async t => {
  const { document } = await build(t, textOf(SEARCH))
  const described = describeStudy(document).find(({ title }) => title === 'How its settings are chosen')!
  const shown = studyLines({ document, study: '00'.repeat(32), founder: 'x' }).join('\n')
  for (const text of [described.text.join('\n'), shown]) {
    t.regex(text, /1\. learning rate 1, momentum 0\.9; 2\. learning rate 2, momentum 0; 3\./)
    const [, searched, rest, all] =
      /alone would cost epsilon ([\d.]+), and .* alone ([\d.]+); all together cost ([\d.]+)/
        .exec(text)!
        .map(Number) as [number, number, number, number]
    t.true(searched < all && rest < all && searched + rest > all)
    t.true(all <= 3.005)
  }
  t.regex(shown, /3 evaluations, one of each candidate; after the search: 2 evaluations/)
})

test('of two learning rates the one that learns is chosen, and trained on', async t => {
  const search = {
    candidates: [
      { learningRate: 1e-6, momentum: 0 },
      { learningRate: 4, momentum: 0 },
    ],
    rounds: 4,
  }
  const document = testStudy(testSigners(4), {
    // an odd number of bins: what is hardly trained has all its scores in the middle one
    evaluation: { bins: 7, share: 2 ** 31, units: 200, noiseMultiplier: 1, margin: 0.02 },
    units: 200,
    optimizer: { learningRate: 1e-6, momentum: 0, averageDecay: 0 },
    search,
    schedule: scheduleOf({ rounds: 6, statistics: false, every: 2, search }),
  })
  const { count, shape, ...drawn } = strangers({ count: 400, length: 30, seed: 'planted' })
  const inputs = drawn.inputs as Float32Array
  // the class is what two of the columns say together
  const labels = Uint8Array.from({ length: count }, (_, at) => (inputs[30 * at]! + inputs[30 * at + 1]! > 0 ? 1 : 0))
  const parts = deal('record', { count, shape, inputs, labels }, { hospitals: 4, rng: rngOf('deal') })
  const { evaluation, round } = rehearse({ document, parts, backend: await wasm(), rng: rngOf('planted') })
  const seen = searchSeen(document, evaluation!)!
  t.is(seen.chosen, 1)
  const [slow, quick] = seen.points.map(point => point!.score) as [number, number]
  t.true(slow < 0.6 && quick > 0.8, `${slow}, ${quick}`)
  t.is(round, 6)
  t.regex(searchLines(document, seen)[0]!, /^candidate 2 of 2 \(learning rate 4, momentum 0\) was chosen$/)
})

test('while it runs, a search says which candidate is tried and what the certified scores are', t => {
  const document = testStudy(testSigners(4), {
    evaluation: { bins: 8, share: 2 ** 31, units: 200, noiseMultiplier: 1, margin: 0.02 },
    search: {
      candidates: [
        { learningRate: 1, momentum: 0 },
        { learningRate: 2, momentum: 0 },
      ],
      rounds: 1,
    },
    schedule: scheduleOf({
      ...{ rounds: 2, statistics: false, every: 1 },
      search: {
        candidates: [
          { learningRate: 1, momentum: 0 },
          { learningRate: 2, momentum: 0 },
        ],
        rounds: 1,
      },
    }),
  })
  const point = { at: 2, score: 0.8123, deviation: 0.012, outcome: 'best' as const }
  t.deepEqual(searchLines(document, { running: 1, chosen: null, points: [point, null] }), [
    'candidate 2 of 2 (learning rate 2, momentum 0) is tried',
    'candidate 1 (learning rate 1, momentum 0): AUC 0.812 (noise 0.012)',
  ])
  t.deepEqual(searchLines(document, { running: null, chosen: null, points: [{ ...point, deviation: 1 }, null] }), [
    'none was chosen, as the noise hid all scores: learning rate 0.1, momentum 0.5',
    'candidate 1 (learning rate 1, momentum 0): hidden by the noise',
  ])
})
