// Claims of node/study/study-spec.ts: a spec is read strictly, and its document keeps the spec's privacy promise.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { NOISE_MULTIPLIER_STEP } from '../../../crypto/accounting/rdp.ts'
import { studyLines } from '../../../node/cli/study/text.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { documentOfSpec, readStudySpec } from '../../../node/study/study-spec.ts'
import { decodeStudy, encodeStudy } from '../../../protocols/study/document.ts'
import { affordableRounds, plannedEpsilons } from '../../../protocols/study/epsilons.ts'
import { FEATURE_NORM } from '../../../protocols/study/models/scattering.ts'
import { TIMING_LAN, TIMING_WAN } from '../../../protocols/study/timing.ts'
import { testSigners } from '../../helpers/study/study.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const peersOf = (count: number) => testSigners(count).map(({ id }) => peerIdString(id))

async function build(t: ExecutionContext, text: string) {
  const file = join(await temporaryFolder(t), 'spec.toml')
  await writeFile(file, text)
  return documentOfSpec(await readStudySpec(file), { created: '2026-01-01T00:00:00Z', file })
}

async function refusal(t: ExecutionContext, text: string): Promise<OperatorError> {
  const error = await t.throwsAsync(build(t, text), { instanceOf: OperatorError })
  t.is(error.exitCode, EXIT.config)
  return error
}

test('the noise multiplier is the smallest that keeps epsilon over all rounds', async t => {
  const { document } = await build(t, specText(peersOf(5)))
  const { noiseMultiplier, epsilon, delta, sampleRate } = document.privacy
  const at = (z: number) => pldEpsilon([{ sampleRate: sampleRate / 2 ** 32, noiseMultiplier: z, steps: 20 }], { delta })
  t.is(epsilon, 3)
  t.true(at(noiseMultiplier) <= 3)
  t.true(at(noiseMultiplier - NOISE_MULTIPLIER_STEP) > 3)
})

test('statistics and local steps are solved for together: all of them keep epsilon, a little less noise does not', async t => {
  const text = specText(peersOf(5), {
    learningRate: 'learningRate = 0.5\n[normalisation]\nshare = 0.4',
    sampleRate: 'sampleRate = 0.1\nnoise = "local"\nlocalSteps = 3',
  })
  const { document } = await build(t, text)
  const { noiseMultiplier, delta, sampleRate } = document.privacy
  const statistics = { sampleRate: 1, noiseMultiplier: document.normalisation!.noiseMultiplier, steps: 1 }
  t.true(pldEpsilon([statistics], { delta }) <= 0.4 * 3)
  t.true(pldEpsilon([statistics], { delta }) > 0.39 * 3)
  const at = (z: number) =>
    pldEpsilon([statistics, { sampleRate: sampleRate / 2 ** 32, noiseMultiplier: z, steps: 60 }], { delta })
  t.true(at(noiseMultiplier) <= 3)
  t.true(at(noiseMultiplier - 2 * NOISE_MULTIPLIER_STEP) > 3)
})

test('for a patient whom k hospitals know the noise is the smallest that keeps epsilon for k copies', async t => {
  const normalised = { learningRate: 'learningRate = 0.5\n[normalisation]\nshare = 0.4' }
  const { document: one } = await build(t, specText(peersOf(5), normalised))
  t.is(one.copies, 1)
  for (const copies of [2, 3]) {
    const text = specText(peersOf(5), { ...normalised, rounds: `rounds = 20\ncopies = ${copies}` })
    const { document } = await build(t, text)
    const { noiseMultiplier, delta, sampleRate } = document.privacy
    const statistics = { sampleRate: 1, noiseMultiplier: document.normalisation!.noiseMultiplier, steps: 1, copies }
    const training = { sampleRate: sampleRate / 2 ** 32, steps: 20, copies }
    const at = (z: number) => pldEpsilon([statistics, { ...training, noiseMultiplier: z }], { delta })
    t.is(document.copies, copies)
    t.true(pldEpsilon([statistics], { delta }) <= 0.4 * 3)
    t.true(at(noiseMultiplier) <= 3 && at(noiseMultiplier - 2 * NOISE_MULTIPLIER_STEP) > 3)
    t.is(plannedEpsilons(document).colluding, at(noiseMultiplier))
    t.is(affordableRounds(document), 20)
    t.true(noiseMultiplier > one.privacy.noiseMultiplier)
  }
  for (const copies of ['0', '6', '1.5', '"two"']) {
    t.regex((await refusal(t, specText(peersOf(5), { rounds: `rounds = 20\ncopies = ${copies}` }))).message, /copies/)
  }
})

test('of frozen features the statistics are their mean, with a smaller share by default', async t => {
  const text = specText(peersOf(5), { learningRate: 'learningRate = 0.5\n[normalisation]' })
  const of = async (text: string) => (await build(t, text)).document
  const scattering = text
    .replace(/^(filters|groups) = .*$/gm, '')
    .replace('preset = "cnn"', 'preset = "scattering"\nscales = 2\nangles = 4\ncell = 4')
  const documents = [await of(text), await of(scattering)]
  t.is(documents[0]!.normalisation?.kind, 'columns')
  t.deepEqual(documents[1]!.normalisation, {
    kind: 'mean',
    norm: FEATURE_NORM,
    noiseMultiplier: documents[1]!.normalisation!.noiseMultiplier,
  })
  const shares = documents.map(({ normalisation, privacy }) => {
    const steps = { sampleRate: 1, noiseMultiplier: normalisation!.noiseMultiplier, steps: 1 }
    return pldEpsilon([steps], { delta: privacy.delta }) / privacy.epsilon
  })
  t.true(Math.abs(shares[0]! - 0.3) < 0.005)
  t.true(Math.abs(shares[1]! - 0.2) < 0.005)
})

test('local steps with distributed noise are refused by name', async t => {
  const error = await refusal(t, specText(peersOf(5), { sampleRate: 'sampleRate = 0.1\nlocalSteps = 3' }))
  t.regex(error.message, /3 local steps in a round need noise "local"/)
})

test('hospitals are sorted, colluders and profile have their defaults', async t => {
  const peers = peersOf(5)
  const { document, plan } = await build(t, specText([...peers].reverse()))
  t.deepEqual(
    document.hospitals.map(({ id }) => peerIdString(id)),
    peers,
  )
  t.is(document.profile, 'byzantine')
  t.is(document.privacy.colluders, 2)
  t.is(plan.contributorsMin, 4)
  t.is((await build(t, specText(peersOf(3)))).document.profile, 'crash')
  const chosen = specText(peers, { rounds: 'rounds = 20\nprofile = "crash"\ncolluders = 3' })
  t.like((await build(t, chosen)).document, { profile: 'crash', privacy: { colluders: 3 } })
})

test('the sample rate is stored as a of a / 2^32', async t => {
  const at = async (line: string) => (await build(t, specText(peersOf(3), { sampleRate: line }))).document.privacy
  t.is((await at('sampleRate = 0.25')).sampleRate, 2 ** 30)
  t.is((await at('sampleRate = 1')).sampleRate, 2 ** 32)
  t.is((await at('sampleRate = 1e-12')).sampleRate, 1)
})

test('timers come from a preset, and each can be overridden', async t => {
  const timing = async (lines: string) => {
    const text = specText(peersOf(3)).replace('[timing]\npreset = "lan"', lines)
    return (await build(t, text)).document.timing
  }
  t.deepEqual(await timing(''), TIMING_WAN)
  t.deepEqual(await timing('[timing]\npreset = "lan"'), TIMING_LAN)
  t.deepEqual(await timing('[timing]\nopenDelayMs = 7'), { ...TIMING_WAN, openDelayMs: 7 })
})

test('a seed may be given, and otherwise differs every time', async t => {
  const hex = 'ab'.repeat(32)
  const given = await build(t, specText(peersOf(3), { rounds: `rounds = 20\ninitialSeed = "${hex}"` }))
  t.is(Buffer.from(given.document.initialSeed).toString('hex'), hex)
  const [first, second] = [await build(t, specText(peersOf(3))), await build(t, specText(peersOf(3)))]
  t.notDeepEqual(first.document.initialSeed, second.document.initialSeed)
})

test('options of the model and views are read where they are given, and leave no key where not', async t => {
  const at = async (changes: Record<string, string>) => (await build(t, specText(peersOf(3), changes))).document
  const plain = await at({})
  t.deepEqual(plain.model, { preset: 'cnn', filters: [4], groups: 2 })
  t.false('augmentation' in plain)
  const document = await at({
    groups: 'groups = 2\nactivation = "tanh"\nstandardised = true\n[augmentation]\nviews = 4\nshift = 2',
  })
  t.deepEqual(document.model, { preset: 'cnn', filters: [4], groups: 2, activation: 'tanh', standardised: true })
  t.deepEqual(document.augmentation, { views: 4, shift: 2, flip: false })
  t.deepEqual(decodeStudy(encodeStudy(document)), document)
  const lines = studyLines({ document, study: 'id', founder: 'founder' }).join('\n')
  t.regex(lines, /cnn 4 in 2 groups, tanh, standardised weights/)
  t.regex(lines, /4 of each image, shifted by up to 2 pixels;/)
  t.notRegex(studyLines({ document: plain, study: 'id', founder: 'founder' }).join('\n'), /Views|tanh|standardised/)
  const far = specText(peersOf(3), { groups: 'groups = 2\n[augmentation]\nviews = 4\nshift = 8' })
  t.regex((await refusal(t, far)).message, /cannot be augmented/)
})

test('an unknown key is named with the file and the key that was meant', async t => {
  const error = await refusal(t, specText(peersOf(3), { clippingNorm: 'clipingNorm = 1' }))
  t.regex(error.message, /spec\.toml: unknown key "privacy\.clipingNorm"; did you mean "privacy\.clippingNorm"\?/)
  const extra = await refusal(t, specText(peersOf(3), { delta: 'delta = 1e-5\nepsilonn = 3' }))
  t.regex(extra.message, /spec\.toml: unknown key "privacy\.epsilonn"; did you mean "privacy\.epsilon"\?/)
  const hospital = await refusal(t, `${specText(peersOf(3))}adresses = []\n`)
  t.regex(hospital.message, /unknown key "hospital\.adresses"; did you mean "hospital\.addresses"\?/)
})

test('a value out of bounds is refused with its key', async t => {
  const cases: [key: string, line: string | null][] = [
    ['rounds', 'rounds = 0'],
    ['epsilon', 'epsilon = 0'],
    ['delta', null],
    ['sampleRate', 'sampleRate = 1.5'],
    ['shape', 'shape = [8, 8]'],
    ['learningRate', 'learningRate = -1'],
  ]
  for (const [key, line] of cases) {
    t.true((await refusal(t, specText(peersOf(3), { [key]: line }))).message.includes(key), key)
  }
  t.regex((await refusal(t, specText(['12D3KooWx', ...peersOf(3)]))).message, /hospital\.0\.peer/)
})

test('a roster of two is refused with the reason', async t => {
  t.regex((await refusal(t, specText(peersOf(2)))).message, /at least 3 hospitals, not 2/)
})

test('other rules of a study are refused with their reason', async t => {
  const peers = peersOf(4)
  t.regex((await refusal(t, specText([...peers, peers[0]!]))).message, /each once/)
  t.regex(
    (await refusal(t, specText(peers, { rounds: 'rounds = 20\ncolluders = 3' }))).message,
    /at most 2 may collude/,
  )
  t.regex((await refusal(t, specText(peers, { groups: 'groups = 3' }))).message, /groups/)
  const off = specText(peers, { delta: 'delta = 1e-5\nnoise = "off"' })
  t.regex((await refusal(t, off)).message, /noise turned off/)
})

test('a promise that no noise can keep is refused', async t => {
  const text = specText(peersOf(3), {
    epsilon: 'epsilon = 0.001',
    delta: 'delta = 1e-15',
    sampleRate: 'sampleRate = 1',
    rounds: 'rounds = 100000',
  })
  t.regex((await refusal(t, text)).message, /noise/)
})

test('a missing spec is named', async t => {
  const error = await t.throwsAsync(readStudySpec('/nowhere/spec.toml'), { instanceOf: OperatorError })
  t.regex(error.message, /\/nowhere\/spec\.toml/)
})

test('what no noise can keep is refused with the keys that ask for it', async t => {
  const tiny = await refusal(
    t,
    specText(peersOf(5), {
      epsilon: 'epsilon = 0.001',
      delta: 'delta = 1e-15',
      learningRate: 'learningRate = 0.5\n[normalisation]\nshare = 0.01',
    }),
  )
  t.regex(tiny.message, /statistics within normalisation\.share times privacy\.epsilon/)
  const bounds = await refusal(t, specText(peersOf(5), { shape: 'shape = [8, 8, 1]\nbounds = [[0, 1]]' }))
  t.regex(bounds.message, /the key "contract\.bounds" does not go with the other keys of \[contract\]/)
})
