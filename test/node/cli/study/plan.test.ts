// Claims of `confrere study plan`: its rows are what a study of that size would have, no more and no less; one of several
// is recommended, within the limits, and is written into a spec.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { pldEpsilon } from '../../../../crypto/accounting/pld.ts'
import { EXIT } from '../../../../node/errors.ts'
import { plannedOfHospitals } from '../../../../node/privacy/patient-epsilons.ts'
import { peerIdString } from '../../../../node/storage/identity.ts'
import { planAhead } from '../../../../node/study/study-planner.ts'
import { documentOfSpec, parseStudySpec } from '../../../../node/study/study-spec.ts'
import { plannedHospitals, readTemplate } from '../../../../node/study/templates.ts'
import { plannedEpsilons } from '../../../../protocols/study/epsilons.ts'
import { planStudy } from '../../../../protocols/study/plan.ts'
import { fails, works } from '../../../helpers/cli.ts'
import { epsilonsOf } from '../../../helpers/study/epsilons.ts'
import { testSigners, testStudy } from '../../../helpers/study/study.ts'
import { specText } from '../../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'

const input = { records: 4000, hospitals: 7, epsilon: 3, delta: 1e-5, parameters: 62 }

test('a row has the noise multiplier and the epsilons of the study that it describes', t => {
  const { rows, colluders } = planAhead(input, { rounds: [40], sampleRates: [2 ** -4] })
  const [row] = rows
  const study = testStudy(testSigners(7), {
    rounds: 40,
    privacy: {
      ...{ noise: 'distributed', clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: row!.noiseMultiplier! },
      ...{ delta: 1e-5, epsilon: 3, colluders },
    },
  })
  t.is(planStudy(study).dimension, 62)
  t.deepEqual(row!.epsilons, epsilonsOf(study, { rounds: new Array(40).fill(7) }))
  t.true(row!.epsilons!.colluding <= 3 && row!.epsilons!.model < row!.epsilons!.colluding)
  t.is(row!.batch, 250)
})

test('a plan for two hospitals has the noise of such a study, and says what one and three are left', t => {
  const { rows, copies, epsilonsOfPatient, colluders } = planAhead(
    { ...input, copies: 2 },
    { rounds: [40], sampleRates: [2 ** -4] },
  )
  const noiseMultiplier = rows[0]!.noiseMultiplier!
  const terms = { noise: 'distributed', clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier } as const
  const study = testStudy(testSigners(7), {
    rounds: 40,
    copies,
    privacy: { ...terms, delta: 1e-5, epsilon: 3, colluders },
  })
  t.deepEqual(rows[0]!.epsilons, plannedEpsilons(study))
  t.true(rows[0]!.epsilons!.colluding <= 3)
  t.deepEqual(
    epsilonsOfPatient,
    plannedOfHospitals(study).map(({ hospitals, colluding }) => ({ hospitals, colluding })),
  )
  t.is(planAhead({ ...input, epsilon: 0.01 }, { rounds: [50_000], sampleRates: [1] }).epsilonsOfPatient, null)
})

test('with local steps a row is that of a study with local noise', t => {
  const { rows, colluders } = planAhead({ ...input, localSteps: 4 }, { rounds: [10], sampleRates: [2 ** -4] })
  const [row] = rows
  const study = testStudy(testSigners(7), {
    rounds: 10,
    privacy: {
      ...{
        noise: 'local',
        localSteps: 4,
        clippingNorm: 1,
        sampleRate: 2 ** 28,
        noiseMultiplier: row!.noiseMultiplier!,
      },
      ...{ delta: 1e-5, epsilon: 3, colluders },
    },
  })
  t.deepEqual(row!.epsilons, epsilonsOf(study, { rounds: new Array(10).fill(7) }))
  // forty steps cost the same, however they are spread over rounds
  const shared = planAhead(input, { rounds: [40], sampleRates: [2 ** -4] }).rows[0]!
  t.is(row!.noiseMultiplier, shared.noiseMultiplier)
  t.true(row!.noise! > shared.noise!)
})

test('more rounds and higher rates need a larger multiplier, and the batch makes up for the rate', t => {
  const { rows } = planAhead(input, { rounds: [50, 100], sampleRates: [0.05, 0.2] })
  const [a, b, c, d] = rows.map(({ noiseMultiplier }) => noiseMultiplier!)
  t.true(a! < b! && a! < c! && b! < d! && c! < d!)
  t.true(rows[1]!.noise! < rows[0]!.noise!)
})

test('noise that does not fit is told of, and the rest is still planned', t => {
  const { rows } = planAhead({ ...input, epsilon: 0.01 }, { rounds: [10, 50_000], sampleRates: [1] })
  t.true(rows[0]!.noiseMultiplier !== null)
  t.is(rows[1]!.noiseMultiplier, null)
})

test('the command prints the table with its words, and JSON', async t => {
  const size = ['--records', '4000', '--hospitals', '7', '--epsilon', '3', '--delta', '1e-5']
  const axes = ['--rounds', '30,60', '--sample-rates', '0.1']
  const text = await works(t, 'study', 'plan', ...size, ...axes)
  for (const part of [
    'rounds',
    'alone',
    'more records',
    'a patient known to 1 / 2 / 3 hospitals',
    'all other hospitals',
  ]) {
    t.true(text.includes(part), part)
  }
  const { rows } = JSON.parse(await works(t, 'study', 'plan', ...size, ...axes, '--json'))
  const { noiseMultiplier } = rows[1]
  t.true(pldEpsilon([{ sampleRate: 0.1, noiseMultiplier, steps: 60 }], { delta: 1e-5 }) <= 3)
  for (const wrong of [
    ['--colluders', '6'],
    ['--rounds', '1.5'],
    ['--sample-rates', '0.1,2'],
    ['--hospitals', '2'],
    ['--rounds', Array.from({ length: 65 }, (_, i) => i + 1).join()],
  ]) {
    await fails(t, EXIT.usage, 'study', 'plan', ...size, ...wrong)
  }
})

test('a row whose local noise fits into no sum of 32 bits is told of, as the study would be refused', t => {
  const crowd = { ...input, hospitals: 50, epsilon: 1, localSteps: 100 }
  const { rows, colluders } = planAhead(crowd, { rounds: [100], sampleRates: [0.5] })
  const [row] = rows
  const study = testStudy(testSigners(50), {
    rounds: 100,
    privacy: {
      ...{ noise: 'local', localSteps: 100, clippingNorm: 1, sampleRate: 2 ** 31 },
      ...{ noiseMultiplier: row!.noiseMultiplier ?? 1, delta: 1e-5, epsilon: 1, colluders },
    },
  })
  if (row!.noiseMultiplier === null) t.throws(() => planStudy(study), { code: 'unsupported-privacy' })
  else t.notThrows(() => planStudy(study))
})

const SIZE = ['--units', '4708', '--hospitals', '8', '--colluders', '2', '--epsilon', '3', '--delta', '1e-5']

test('of several rows one is recommended, with the rule beside it, and none above --rounds-max', async t => {
  const axes = ['--parameters', '7940', '--sample-rates', '1']
  const plan = async (...more: string[]) =>
    JSON.parse(await works(t, 'study', 'plan', ...SIZE, ...axes, ...more, '--json'))
  t.like((await plan('--rounds', '20,80,320')).recommended, { rounds: 80, sampleRate: 1 })
  const { rows, recommended } = await plan('--rounds-max', '30')
  t.deepEqual(
    rows.map(({ rounds }: { rounds: number }) => rounds),
    [10, 20, 30],
  )
  t.is(recommended.rounds, 30)
  const text = await works(t, 'study', 'plan', ...SIZE, ...axes, '--rounds', '20,80')
  t.is(text.split('\n').filter(line => /^ .*\*$/.test(line)).length, 1)
  t.regex(text, /recommended: the least of 1\/steps/)
  t.notRegex(await works(t, 'study', 'plan', ...SIZE, ...axes, '--rounds', '20'), /recommended/)
  t.is((await plan('--rounds', '40', '--rounds-max', '30')).recommended, null)
})

test('a template’s plan counts its statistics, as its study does', async t => {
  const spec = await readTemplate('chest-xray', { hospitals: plannedHospitals(4) })
  const { document } = documentOfSpec(spec, { created: '2026-01-01T00:00:00Z', file: 'chest-xray' })
  t.truthy(document.normalisation)
  const { rows } = JSON.parse(await works(t, 'study', 'plan', '--template', 'chest-xray', '--json'))
  t.is(rows.length, 1)
  t.is(rows[0].noiseMultiplier, document.privacy.noiseMultiplier)
  t.deepEqual(rows[0].epsilons, plannedEpsilons(document))
})

test('rounds and rate that keep to the hours are found for a template and written into its text', async t => {
  const out = join(await temporaryFolder(t), 'spec.toml')
  const command = ['study', 'plan', '--template', 'heart-disease', '--units', '5000', '--epsilon', '3']
  const axes = ['--rounds', '20,40,80', '--sample-rates', '0.5,1']
  // a round waits for five seconds at its start: forty are three and a half minutes
  const { recommended } = JSON.parse(await works(t, ...command, ...axes, '--hours', '0.06', '--out', out, '--json'))
  t.is(recommended.rounds, 40)
  const text = await readFile(out, 'utf8')
  const spec = parseStudySpec(text, out, { hospitals: 'later' })
  t.like(spec, { rounds: 40, units: 5000 })
  t.like(spec.privacy, { epsilon: 3, sampleRate: recommended.sampleRate })
  t.regex(text, /# Settings were chosen on[\s\S]*# \[\[hospital\]\]/)
  t.regex(await fails(t, EXIT.usage, ...command, '--out', out), /cannot be written/)
  const short = ['--rounds', '40', '--sample-rates', '1', '--hours', '0.001', '--out', `${out}.2`]
  t.regex(await fails(t, EXIT.usage, ...command, ...short), /no row fits/)
  t.regex(await fails(t, EXIT.usage, 'study', 'plan', ...SIZE, '--hours', '1'), /a spec or a template/)
})

test('a plan of a spec with a search counts all its rounds, says what they cost, and writes those of the model alone', async t => {
  const folder = await temporaryFolder(t)
  const [spec, out] = [join(folder, 'spec.toml'), join(folder, 'out.toml')]
  const search =
    '[search]\ncandidates = [{ learningRate = 1 }, { learningRate = 2 }, { learningRate = 4 }]\nrounds = 10'
  const peers = testSigners(5).map(({ id }) => peerIdString(id))
  await writeFile(spec, specText(peers, { learningRate: `learningRate = 0.5\n[evaluation]\nbins = 8\n${search}` }))
  const told = await works(t, 'study', 'plan', '--spec', spec)
  t.regex(told, /^ *40 +0\.1 /m, 'the rounds of two candidates are in vain')
  t.regex(told, /its 30 rounds of training and 3 evaluations alone would cost epsilon/)
  t.regex(told, /Without the search, z would be [\d.]+ instead of [\d.]+/)
  await works(t, 'study', 'plan', '--spec', spec, '--rounds', '20,30,60', '--sample-rates', '0.1', '--out', out)
  t.regex(await readFile(out, 'utf8'), /^rounds = 40$/m)
})
