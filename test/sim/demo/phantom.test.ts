// Claims of sim/demo/phantom.ts: repeatable, balanced, and not to be told apart without looking.

import test from 'ava'
import { rocAuc } from '../../../node/evaluation/roc.ts'
import { drawPhantoms, PHANTOM_SIDE } from '../../../sim/demo/phantom.ts'

const SIZE = PHANTOM_SIDE ** 2
const COUNT = 800
const { values, labels } = drawPhantoms({ count: COUNT, label: 'test' })
const pictures = Array.from({ length: COUNT }, (_, i) => values.subarray(i * SIZE, (i + 1) * SIZE))

function aucOf(score: (picture: Uint8Array) => number): number {
  const auc = rocAuc(pictures.map(score), labels)
  return Math.max(auc, 1 - auc)
}

test('the same label gives the same phantoms, another label others', t => {
  t.deepEqual(drawPhantoms({ count: 5, label: 'a' }), drawPhantoms({ count: 5, label: 'a' }))
  t.notDeepEqual(drawPhantoms({ count: 5, label: 'a' }).values, drawPhantoms({ count: 5, label: 'b' }).values)
})

test('half of them are of each class, in an order that says nothing', t => {
  t.is(
    labels.reduce((sum, label) => sum + label, 0),
    COUNT / 2,
  )
  const changes = labels.slice(1).filter((label, at) => label !== labels[at]).length
  t.true(Math.abs(changes - COUNT / 2) < 60, `${changes}`)
  t.deepEqual([...drawPhantoms({ count: 3, label: 'odd' }).labels].sort(), [0, 0, 1])
})

test('a constant answer is worth nothing', t => {
  t.is(
    rocAuc(
      pictures.map(() => 1),
      labels,
    ),
    0.5,
  )
})

test('brightness, contrast and extremes do not tell the classes apart', t => {
  const mean = (picture: Uint8Array) => picture.reduce((sum, value) => sum + value, 0) / SIZE
  const spread = (picture: Uint8Array) => {
    const middle = mean(picture)
    return picture.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  }
  for (const score of [mean, spread, (picture: Uint8Array) => Math.max(...picture)]) t.true(aucOf(score) < 0.7)
})

test('no single pixel tells the classes apart', t => {
  for (let pixel = 0; pixel < SIZE; pixel++) t.true(aucOf(picture => picture[pixel]!) < 0.75)
})

test('the pictures use the range of grey and are not clipped away', t => {
  const saturated = values.filter(value => value === 255).length / values.length
  t.true(saturated < 0.02, `${saturated}`)
  t.true(Math.max(...pictures.map(picture => Math.max(...picture))) > 200)
})
