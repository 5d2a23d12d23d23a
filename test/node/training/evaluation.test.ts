// Claims of node/training/evaluation.ts: metrics are those of their definitions, worked out by hand here.
import { AssertionError } from 'node:assert'
import test from 'ava'
import fc from 'fast-check'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { OperatorError } from '../../../node/errors.ts'
import { gapsOf, metrics } from '../../../node/evaluation/metrics.ts'
import { rocAuc } from '../../../node/evaluation/roc.ts'
import { evaluate, scores } from '../../../node/training/evaluation.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { images, onEveryEngine, testBatch } from './engines.ts'

const close = (actual: number, expected: number): boolean => Math.abs(actual - expected) < 1e-12

test('AUC: pairs in the right order over all pairs, ties count half', t => {
  // positives .8 .5 .5 .1, negatives .7 .5 .2: 3 + (1 + ½) · 2 + 0 = 6 of 12
  t.is(rocAuc([0.8, 0.7, 0.5, 0.5, 0.5, 0.2, 0.1], [1, 0, 1, 0, 1, 0, 1]), 6 / 12)
  t.is(rocAuc([1, 2, 3, 4], [0, 0, 1, 1]), 1)
  t.is(rocAuc([1, 2, 3, 4], [1, 1, 0, 0]), 0)
  t.is(rocAuc([7, 7, 7], [0, 1, 0]), 0.5)
})

test('AUC: the definition over all pairs, for any scores', t => {
  const record = fc.record({ score: fc.integer({ min: 0, max: 6 }), label: fc.constantFrom(0, 1) })
  fc.assert(
    fc.property(fc.array(record, { minLength: 2, maxLength: 40 }), list => {
      const [positives, negatives] = [1, 0].map(label => list.filter(each => each.label === label))
      fc.pre(positives!.length > 0 && negatives!.length > 0)
      const pairs = positives!.flatMap(p =>
        negatives!.map(n => (p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0)),
      )
      const expected = pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length
      return close(
        rocAuc(
          list.map(each => each.score),
          list.map(each => each.label),
        ),
        expected,
      )
    }),
  )
  t.pass()
})

test('AUC is not a number where it is not defined', t => {
  t.is(rocAuc([1, 2], [1, 1]), Number.NaN)
  t.is(rocAuc([1, 2], [0, 0]), Number.NaN)
  t.is(rocAuc([], []), Number.NaN)
  t.is(rocAuc([1, Number.NaN], [0, 1]), Number.NaN)
})

test('two classes: accuracy and MCC from the confusion matrix', t => {
  // predicted 1 1 1 1 0 0, true 1 1 0 1 0 1: TP 3, FP 1, FN 1, TN 1
  const positive = [0.9, 0.8, 0.7, 0.6, 0.4, 0.3]
  const probabilities = Float32Array.from(positive.flatMap(p => [1 - p, p]))
  const result = metrics(probabilities, [1, 1, 0, 1, 0, 1], 2)
  t.is(result.count, 6)
  t.is(result.accuracy, 4 / 6)
  t.true(close(result.mcc, (3 * 1 - 1 * 1) / Math.sqrt(4 * 4 * 2 * 2)))
  // positives .9 .8 .6 .3, negatives .7 .4: 2 + 2 + 1 + 0 of 8
  t.is(result.auc, 5 / 8)
})

test('three classes: mean one-vs-rest AUC and R_K', t => {
  const rows = [
    [0.7, 0.2, 0.1],
    [0.3, 0.6, 0.1],
    [0.2, 0.5, 0.3],
    [0.1, 0.2, 0.7],
  ]
  const result = metrics(Float32Array.from(rows.flat()), [0, 0, 1, 2], 3)
  t.is(result.accuracy, 3 / 4)
  // class 0: .7 .3 above .2 .1, so 1; class 1: .5 above .2 .2, below .6, so 2/3; class 2: 1
  t.true(close(result.auc, (1 + 2 / 3 + 1) / 3))
  // R_K: c = 3, s = 4, true 2 1 1, predicted 1 2 1
  t.true(close(result.mcc, (3 * 4 - (2 * 1 + 1 * 2 + 1 * 1)) / Math.sqrt((16 - 6) * (16 - 6))))
})

test('a model that says the same of everyone has MCC 0', t => {
  const result = metrics(Float32Array.from([0.4, 0.6, 0.4, 0.6, 0.4, 0.6]), [0, 1, 1], 2)
  t.is(result.mcc, 0)
  t.is(result.accuracy, 2 / 3)
  t.is(result.auc, 0.5)
})

test('a class without a record leaves the other figures whole, and the AUC is the mean over the others, which is said', t => {
  const rows = [
    [0.7, 0.2, 0.1],
    [0.3, 0.6, 0.1],
    [0.2, 0.5, 0.3],
    [0.1, 0.2, 0.7],
  ]
  const result = metrics(Float32Array.from(rows.flat()), [0, 0, 1, 1], 3)
  t.deepEqual(result.support, [2, 2, 0])
  t.is(result.accuracy, 2 / 4)
  // class 0: .7 .3 above .2 .1, so 1; class 1: .5 .2 against .2 .6, so (1 + 0 + ½ + 0) / 4
  t.true(close(result.auc, (1 + 1.5 / 4) / 2))
  // R_K: c = 2, s = 4, true 2 2 0, predicted 1 2 1
  t.true(close(result.mcc, (2 * 4 - (2 * 1 + 2 * 2)) / Math.sqrt((16 - 6) * (16 - 8))))
  t.deepEqual(gapsOf(result, ['no', 'yes', 'maybe']), {
    auc: 'mean over 2 of 3 classes: no record is of the class "maybe"',
    mcc: null,
  })
})

test('records of one class have an accuracy, and no AUC or MCC for a reason that is said', t => {
  for (const [classes, names] of [
    [2, ['no', 'yes']],
    [3, ['no', 'yes', 'maybe']],
  ] as const) {
    const probabilities = new Float32Array(2 * classes).fill(0.1)
    probabilities.set([0.9], 0)
    probabilities.set([0.8], classes + 1)
    const result = metrics(probabilities, [1, 1], classes)
    t.is(result.accuracy, 1 / 2)
    t.is(result.auc, Number.NaN)
    t.is(result.mcc, Number.NaN)
    const reason = 'not defined: all records are of the class "yes"'
    t.deepEqual(gapsOf(result, names), { auc: reason, mcc: reason })
  }
})

test('all classes present: no figure has a gap', t => {
  t.deepEqual(gapsOf({ support: [1, 2] }, ['no', 'yes']), { auc: null, mcc: null })
})

test('each record is counted once, for any records', t => {
  const label = fc.nat(3)
  fc.assert(
    fc.property(fc.array(fc.tuple(label, label), { minLength: 1, maxLength: 30 }), pairs => {
      const probabilities = Float32Array.from(pairs.flatMap(([, said]) => [0, 1, 2, 3].map(c => (c === said ? 1 : 0))))
      const labels = pairs.map(([actual]) => actual)
      const { support, count, accuracy } = metrics(probabilities, labels, 4)
      const right = pairs.filter(([actual, said]) => actual === said).length
      return support.reduce((sum, each) => sum + each, 0) === count && close(accuracy, right / count)
    }),
  )
  t.pass()
})

test('figures of answers that are no numbers are refused, and so are counts that do not add up', t => {
  const diverged = Float32Array.of(0.5, 0.5, Number.NaN, Number.NaN)
  const error = t.throws(() => metrics(diverged, [0, 1], 2), { instanceOf: OperatorError, code: 'model-not-finite' })
  t.regex(error!.message, /answer to record 1 is not a number/)
  const halves = new Float32Array(4).fill(0.5)
  t.throws(() => metrics(halves, [0, 2], 2), { instanceOf: AssertionError })
  t.throws(() => metrics(halves, [0, 1, 1], 2), { instanceOf: AssertionError })
  t.throws(() => metrics(halves, [0, -1], 2), { instanceOf: AssertionError })
})

test.serial('scores are the softmax of the model, for all records of any count', async t => {
  const data = images([5, 4, 1])
  const document = { contract: data, model: { preset: 'logistic' }, initialSeed: new Uint8Array(32) } as StudyDocument
  const { parameters } = initialCheckpoint(document)
  const { inputs, labels } = testBatch('scores', { spec: document.model, data, count: 300 })
  const dataset: Dataset = { count: 300, shape: data.shape, inputs, labels }
  const expected = Array.from({ length: 300 }, (_, row) => {
    const logits = [0, 1, 2].map(column => {
      let logit = parameters[60 + column]!
      for (let i = 0; i < 20; i++) logit += inputs[row * 20 + i]! * parameters[i * 3 + column]!
      return Math.exp(logit)
    })
    const total = logits.reduce((sum, each) => sum + each, 0)
    return logits.map(each => each / total)
  }).flat()
  await onEveryEngine(t, backend => {
    const before = backend.tf.memory().numTensors
    const actual = scores({ backend, document, parameters, dataset })
    t.true(actual.every((value, index) => Math.abs(value - expected[index]!) < 1e-5))
    t.deepEqual(evaluate({ backend, document, parameters, dataset }), metrics(actual, labels, 3))
    t.is(backend.tf.memory().numTensors, before)
  })
})

test.serial('the model that is evaluated is the model that is trained: all of its layers agree', async t => {
  const data = images([9, 9, 1])
  const model = { preset: 'cnn', filters: [8, 8], groups: 4 } as const
  const document = { contract: data, model: { ...model, filters: [...model.filters] }, initialSeed: new Uint8Array(32) }
  const { parameters } = initialCheckpoint(document as StudyDocument)
  const { inputs, labels } = testBatch('agree', { spec: document.model, data, count: 10 })
  const all: Float32Array[] = []
  await onEveryEngine(t, backend => {
    const dataset: Dataset = { count: 10, shape: data.shape, inputs, labels }
    all.push(scores({ backend, document: document as StudyDocument, parameters, dataset }))
  })
  for (const each of all) t.true(each.every((value, index) => Math.abs(value - all[0]![index]!) < 1e-5))
})
