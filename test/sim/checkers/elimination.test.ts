// Claims: what follows from equations about some symbols alone is found, all of it and nothing else, whatever hides the
// rest.

import test from 'ava'
import fc from 'fast-check'
import { type Equation, knowledge } from '../../../sim/checkers/elimination.ts'

const equation = (terms: Record<string, number>): Equation => new Map(Object.entries(terms))
const isTarget = (symbol: string): boolean => symbol.startsWith('x')
const plain = (known: Equation[]) => known.map(one => Object.fromEntries(one))

test('a mask hides what it stands in, until it cancels or is known', t => {
  const masked = [equation({ x1: 1, m: 1 }), equation({ x2: 1, m: -1 })]
  t.deepEqual(plain(knowledge(masked.slice(0, 1), isTarget)), [])
  t.deepEqual(plain(knowledge(masked, isTarget)), [{ x1: 1, x2: 1 }])
  t.deepEqual(plain(knowledge([...masked, equation({ m: 1 })], isTarget)), [{ x1: 1 }, { x2: 1 }])
})

test('an equation said twice, or following from others, tells nothing new', t => {
  const one = equation({ x1: 1, x2: 1 })
  t.is(knowledge([one, one, equation({ x1: -1, x2: -1 })], isTarget).length, 1)
  t.is(knowledge([], isTarget).length, 0)
})

test('sums in which every symbol has a mask of its own tell nothing; with the masks they tell it all', t => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 4, maxLength: 4 }), { maxLength: 6 }),
      rows => {
        const terms = (row: number[]) =>
          Object.fromEntries(row.flatMap((times, at) => (times === 0 ? [] : [[`x${at}`, times]])))
        const hidden = rows.map((row, at) => equation({ ...terms(row), [`m${at}`]: 1 }))
        t.is(knowledge(hidden, isTarget).length, 0)
        const shown = [...hidden, ...rows.map((_, at) => equation({ [`m${at}`]: 1 }))]
        t.is(
          knowledge(shown, isTarget).length,
          knowledge(
            rows.map(row => equation(terms(row))),
            isTarget,
          ).length,
        )
      },
    ),
  )
})
