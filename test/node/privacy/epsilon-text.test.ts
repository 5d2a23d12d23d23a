import test from 'ava'
import fc from 'fast-check'
import {
  epsilonFoundText,
  epsilonText,
  OBSERVERS,
  observerLines,
  observerName,
  observerWords,
  severalHospitalsLine,
  UNIT_NOTE,
  unitText,
} from '../../../node/privacy/epsilon-text.ts'
import { readTree } from '../../helpers/tree/tree.ts'

test('an epsilon is never rounded down', t => {
  t.is(epsilonText(3), '3')
  t.is(epsilonText(1.00001), '1.001')
  t.is(epsilonText(0.12341), '0.124')
  t.is(epsilonText(Infinity), 'unbounded')
})

test('what an audit finds is a lower bound, and never rounded up', t => {
  t.is(epsilonFoundText(3), '3')
  t.is(epsilonFoundText(2.9996), '2.999')
  t.is(epsilonFoundText(0.12349), '0.123')
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e4, noNaN: true }), epsilon => {
      t.true(Number(epsilonFoundText(epsilon)) <= epsilon * (1 + 1e-9) + 1e-9)
      t.true(Number(epsilonText(epsilon)) >= epsilon * (1 - 1e-9) - 1e-9)
    }),
  )
})

test('all three epsilons are shown, each against whom; what is charged comes first, and says so', t => {
  const lines = observerLines({ model: 1, colluding: 2, alone: 3 }, observerWords(2), { charged: 'charged', cap: 5 })
  t.deepEqual(lines, [
    'epsilon 2 of 5 against any 2 hospitals that pool what they know: charged',
    'epsilon 1 against everyone who sees the model, if all contributors added their noise',
    'epsilon 3 against all other hospitals colluding',
  ])
  t.deepEqual([...OBSERVERS].sort(), Object.keys(observerWords(1)).sort())
})

test('an epsilon that is not known has no line', t => {
  const lines = observerLines({ model: null, colluding: 2, alone: null }, observerWords(1), { charged: 'charged' })
  t.deepEqual(lines, [`epsilon 2 against ${observerName('colluding', 1)}: charged`])
})

test('what an epsilon does not cover is said in one place', async t => {
  t.regex(UNIT_NOTE, /a patient with more records, or known to more hospitals, is less protected/)
  const promised = { unit: 'record', copies: 1, delta: 1e-5 } as const
  t.regex(unitText(promised), /^one record .* at delta 1e-5; a patient with more records, .* is less protected$/)
  t.regex(unitText({ ...promised, copies: 2 }), /^one record .* at each of up to 2 hospitals at delta 1e-5/)
  const { sources } = await readTree(process.cwd())
  const said = [...sources].filter(([path, text]) => !path.startsWith('test/') && /is less protected/i.test(text))
  t.deepEqual(
    said.map(([path]) => path),
    ['node/privacy/epsilon-text.ts'],
  )
})

test('what a patient of several hospitals is promised is rounded up, each number of hospitals in its place', t => {
  t.is(
    severalHospitalsLine(
      [3, 6.71101, 10.9].map((colluding, at) => ({ hospitals: at + 1, colluding })),
      observerWords(2),
    ),
    'a patient known to 1 / 2 / 3 hospitals: epsilon 3 / 6.712 / 10.9 against any 2 hospitals that pool what they know',
  )
})
