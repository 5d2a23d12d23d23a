// Claims of node/prediction/via/private-scorer.ts, over hospitals that compute in this process: logits are the float64
// product; a hospital that lies is named and left out, and where one alone computes a share the output says that it cannot
// be found; repeated attempts draw fresh shares, so that nobody ever holds all shares of one sharing.

import test, { type ExecutionContext } from 'ava'
import { multiplyShare } from '../../../../crypto/ring64.ts'
import { linearHead } from '../../../../node/prediction/via/linear-head.ts'
import type { OpenedPass, PassHospital } from '../../../../node/prediction/via/pass-file.ts'
import { PrivateScorer } from '../../../../node/prediction/via/private-scorer.ts'
import { type Backend, loadBackend } from '../../../../node/training/backend.ts'
import { openScorer } from '../../../../node/training/scorer.ts'
import { initialCheckpoint } from '../../../../protocols/model/checkpoint.ts'
import { normalisationLength } from '../../../../protocols/study/normalisation-kinds.ts'
import { dimensionOf, parameterSpecs } from '../../../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../../../protocols/study/types.ts'
import { type PredictionStudy, predictionStudy } from '../../../helpers/prediction-hospitals.ts'
import { imageContract } from '../../../helpers/readings.ts'
import { seededRng } from '../../../helpers/seeded-rng.ts'
import { uniforms } from '../../training/engines.ts'

let backend: Backend
test.before(async () => {
  backend = await loadBackend({ engine: 'wasm' })
})

/** Whether a hospital's answer is changed, by the number of vectors that it has computed before. */
type Lies = (asked: number) => boolean

interface World {
  readonly told: string[]
  readonly scorer: PrivateScorer
  /** what each hospital was sent, request by request */
  readonly sent: ReadonlyMap<string, Uint32Array[][]>
}

async function world(
  { document, parameters, hospitals, pass }: PredictionStudy,
  {
    liars = new Map(),
    absent = [],
    changes = {},
  }: {
    liars?: ReadonlyMap<number, Lies>
    absent?: readonly number[]
    changes?: Partial<OpenedPass>
  } = {},
): Promise<World> {
  const opened = { ...(await pass(hospitals[0]!)), ...changes }
  const head = linearHead(document, { ...initialCheckpoint(document), average: parameters })
  const told: string[] = []
  const sent = new Map<string, Uint32Array[][]>()
  const asked = new Map<string, number>()
  const products = async ({ peer }: PassHospital, shares: readonly Uint32Array[]) => {
    sent.set(peer, [...(sent.get(peer) ?? []), [...shares]])
    const place = opened.hospitals.findIndex(one => one.peer === peer)
    return shares.map(share => {
      const before = asked.get(peer) ?? 0
      asked.set(peer, before + 1)
      const answer = multiplyShare(head.rows, share)
      return liars.get(place)?.(before) === true ? answer.map(word => word + 2n ** 40n) : answer
    })
  }
  const greet = async () =>
    opened.hospitals.map((hospital, at) => ({ hospital, refused: absent.includes(at) ? 'it is away' : null }))
  const parts = {
    pass: opened,
    client: { greet, products },
    rng: seededRng('client'),
    tell: (text: string) => void told.push(text),
  }
  return { told, scorer: await PrivateScorer.open(parts), sent }
}

const RECORDS = 5
function records(study: PredictionStudy, seed = 'records') {
  const [length] = study.document.contract.shape as [number]
  const words = new Int32Array(RECORDS * length)
  seededRng(seed)(new Uint8Array(words.buffer))
  const inputs = Float32Array.from(words, word => word / 2 ** 31)
  const shape = [length]
  return { count: RECORDS, shape, inputs, labels: new Int32Array(RECORDS) }
}

/** Float64 logits. */
function plain({ parameters, document }: PredictionStudy, vector: ArrayLike<number>): number[] {
  const classes = document.contract.classes.length
  return document.contract.classes.map((_, row) =>
    Array.from(vector).reduce((sum, value, at) => sum + value * parameters[at * classes + row]!, 0),
  )
}

async function right(t: ExecutionContext, study: PredictionStudy, scorer: PrivateScorer): Promise<void> {
  const { inputs, shape } = records(study)
  const [length] = shape as [number]
  const vectors = Array.from({ length: RECORDS }, (_, at) => [...inputs.subarray(at * length, (at + 1) * length), 1])
  const found = await scorer.logits(vectors)
  for (const [at, vector] of vectors.entries()) {
    for (const [row, logit] of plain(study, vector).entries()) t.true(Math.abs(found[at]![row]! - logit) < 1e-6)
  }
}

const privacy = (study: PredictionStudy, colluders: number) => ({
  document: { ...study.document, privacy: { ...study.document.privacy, colluders } },
})

for (const [count, colluders] of [
  [3, 1],
  [4, 1],
  [5, 1],
  [6, 2],
  [7, 2],
] as const) {
  test(`${count} hospitals, ${colluders} may collude: logits are the float64 product to 1e-6`, async t => {
    const study = await predictionStudy(t, count)
    const { scorer, told, sent } = await world(study, { changes: privacy(study, colluders) })
    t.true(scorer.isChecked)
    await right(t, study, scorer)
    t.is(told.length, 1)
    t.regex(told[0]!, /^Two hospitals compute each share/)
    for (const requests of sent.values()) t.is(requests.length, 1)
  })

  for (let liar = 0; liar < Math.min(count, 2 * (colluders + 1)); liar++) {
    for (const [when, lies] of [
      ['always', () => true],
      ['once', (asked: number) => asked === 0],
      ['at first', (asked: number) => asked < RECORDS],
    ] as const) {
      test(`${count} hospitals, ${colluders} may collude: hospital ${liar} that lies ${when} is named and left out`, async t => {
        const study = await predictionStudy(t, count)
        const { scorer, told } = await world(study, {
          liars: new Map([[liar, lies]]),
          changes: privacy(study, colluders),
        })
        await right(t, study, scorer)
        const named = told.filter(text => text.includes('it has lied'))
        t.is(named.length, 1, told.join('\n'))
        t.true(named[0]!.startsWith(`Hospital ${liar} `), named[0])
        t.is(scorer.hospitals.length, count - 1)
      })
    }
  }
}

test('where one hospital alone computes each share, a wrong answer is not found, and that is said', async t => {
  const study = await predictionStudy(t, 4)
  const { scorer, told } = await world(study, { absent: [0, 1], liars: new Map([[2, () => true]]) })
  t.false(scorer.isChecked)
  t.regex(told.join('\n'), /Hospital 0 .* does not answer: it is away/)
  t.regex(told.join('\n'), /a wrong answer of one of them is NOT found \(that takes 3 that answer\)/)
  const { inputs, shape } = records(study)
  const vector = [...inputs.subarray(0, shape[0]), 1]
  const [found] = await scorer.logits([vector])
  t.true(Math.abs(found![0]! - plain(study, vector)[0]!) > 1e-3)
})

test('with t hospitals or fewer nothing is sent, and the reasons are named', async t => {
  const study = await predictionStudy(t, 3)
  await t.throwsAsync(world(study, { absent: [0, 1] }), {
    code: 'too-few-hospitals',
    message: /it is away.*it is away/,
  })
})

test('a liar among three is left out, and the two that remain say that a wrong answer is not found', async t => {
  const study = await predictionStudy(t, 3)
  const { scorer, told } = await world(study, { liars: new Map([[1, () => true]]) })
  await right(t, study, scorer)
  t.false(scorer.isChecked)
  t.regex(told.at(-1)!, /NOT found/)
})

test('no hospital is sent one vector twice, in repeated attempts and rechecks either: all are drawn anew', async t => {
  for (const count of [3, 4]) {
    const study = await predictionStudy(t, count)
    const { scorer, sent } = await world(study, { liars: new Map([[0, asked => asked === 0]]) })
    await right(t, study, scorer)
    // what was sent repeats where two compute the same share, and nowhere within one hospital
    for (const requests of sent.values()) {
      const texts = requests.flat().map(share => share.join())
      t.is(new Set(texts).size, texts.length)
    }
  }
})

test('a record that is no number, or too large for the fixed point, has no scores, and the others have theirs', async t => {
  const study = await predictionStudy(t, 3)
  const { scorer } = await world(study)
  const dataset = records(study)
  const [length] = dataset.shape as [number]
  dataset.inputs[0] = Number.NaN
  dataset.inputs[length] = 1e6
  const { probabilities, logits } = await scorer.score(dataset)
  t.true([...probabilities.subarray(0, 4)].every(Number.isNaN))
  t.true([...probabilities.subarray(4)].every(Number.isFinite))
  t.true(Math.abs(logits[4]! - plain(study, [...dataset.inputs.subarray(2 * length, 3 * length), 1])[0]!) < 1e-5)
})

for (const [name, changes] of [
  ['logistic', {}],
  ['columns', { normalisation: { kind: 'columns', noiseMultiplier: 1 } }],
  [
    'scattering with the mean of features',
    {
      contract: imageContract([16, 16, 1]),
      model: { preset: 'scattering', scales: 2, angles: 4, cell: 4 },
      normalisation: { kind: 'mean', norm: 10, noiseMultiplier: 1 },
    },
  ],
] as const) {
  test(`${name}: probabilities are those that the model itself gives, from features that the client computes`, async t => {
    const study = await predictionStudy(t, 3)
    const { parameters: _, ...rest } = study
    const document = {
      ...study.document,
      ...changes,
      contract: { ...study.document.contract, ...('contract' in changes ? changes.contract : {}) },
    } as unknown as StudyDocument
    const uniform = uniforms('a model')
    const random = (length: number) => Float32Array.from({ length }, () => uniform() - 0.5)
    const parameters = random(dimensionOf(parameterSpecs(document.model, document.contract)))
    const normalisation = random(normalisationLength(document)).map(Math.abs)
    const { weightNorm } = linearHead(document, { ...initialCheckpoint(document), average: parameters, normalisation })
    const pass = await study.pass(study.hospitals[0]!)
    const own = { document, normalisation, pass: { ...pass.pass, weightNorm } }
    const { scorer } = await world({ ...rest, document, parameters }, { changes: own })
    const { shape } = document.contract
    const inputs = random(RECORDS * shape.reduce((product, side) => product * side, 1)).map(Math.abs)
    const dataset = { count: RECORDS, shape: [...shape], inputs, labels: new Int32Array(RECORDS) }
    const model = openScorer({ backend, document, parameters, normalisation })
    const [found, expected] = [await scorer.score(dataset), model.score(dataset)]
    model.dispose()
    t.is(found.logits.length, RECORDS * 2)
    for (const [at, logit] of expected.logits.entries()) t.true(Math.abs(found.logits[at]! - logit) < 1e-4)
    for (const [at, one] of expected.probabilities.entries()) t.true(Math.abs(found.probabilities[at]! - one) < 1e-5)
  })
}
