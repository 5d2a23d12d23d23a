// Claims of protocols/prediction/holders.ts: no t hospitals hold all shares, and two compute each where there are enough.

import test from 'ava'
import { holdingOf, sharesOf } from '../../../protocols/prediction/holders.ts'

function* groups(of: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield []
  else for (let at = from; at < of; at++) for (const rest of groups(of, size - 1, at + 1)) yield [at, ...rest]
}

test('no t hospitals together hold all shares, for all sizes up to nine', t => {
  for (let colluders = 1; colluders <= 4; colluders++) {
    for (let hospitals = colluders + 1; hospitals <= 9; hospitals++) {
      const holding = holdingOf({ hospitals, colluders })
      for (const group of groups(hospitals, colluders)) {
        const held = new Set(group.flatMap(place => sharesOf(holding, place)))
        t.true(held.size < holding.holders.length, `${hospitals}, ${colluders}: ${group}`)
      }
    }
  }
})

test('two compute each share from 2(t+1) hospitals on, and among three where one may collude', t => {
  const kind = (hospitals: number, colluders: number) => holdingOf({ hospitals, colluders }).kind
  t.deepEqual([kind(2, 1), kind(3, 1), kind(4, 1), kind(9, 1)], ['single', 'replicated', 'pairs', 'pairs'])
  t.deepEqual([kind(3, 2), kind(5, 2), kind(6, 2)], ['single', 'single', 'pairs'])
  for (const [hospitals, colluders] of [
    [3, 1],
    [4, 1],
    [7, 2],
  ] as const) {
    for (const held of holdingOf({ hospitals, colluders }).holders) t.is(new Set(held).size, 2)
  }
  t.deepEqual(sharesOf(holdingOf({ hospitals: 3, colluders: 1 }), 0), [0, 2])
})

test('with t hospitals or fewer a record is not split', t => {
  t.throws(() => holdingOf({ hospitals: 2, colluders: 2 }), { code: 'too-few-hospitals' })
})
