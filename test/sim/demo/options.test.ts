// Claims of sim/demo/options.ts: sensible defaults, and a clear sentence for whatever cannot be meant.

import test from 'ava'
import { CommanderError } from 'commander'
import { parseOptions } from '../../../sim/demo/options.ts'

test('without arguments it is four hospitals, one colluder, epsilon 3 at 1e-5', t => {
  const { hospitals, colluders, rounds, epsilon, delta, seed, absent, keep, data, json } = parseOptions([])
  t.deepEqual(
    { hospitals, colluders, rounds, epsilon, delta, seed, absent, keep },
    { hospitals: 4, colluders: 1, rounds: 120, epsilon: 3, delta: 1e-5, seed: 1, absent: false, keep: undefined },
  )
  t.is(data, undefined)
  t.is(json, undefined)
})

test('every option is taken', t => {
  const text =
    '--data a.npz --hospitals 5 --colluders 2 --rounds 40 --epsilon 1.5 --delta 1e-6 --seed 9 --absent --json b.json --keep c'
  t.like(parseOptions(text.split(' ')), {
    data: 'a.npz',
    hospitals: 5,
    colluders: 2,
    rounds: 40,
    epsilon: 1.5,
    delta: 1e-6,
    seed: 9,
    absent: true,
    json: 'b.json',
    keep: 'c',
  })
})

for (const [args, says] of [
  ['--hospitals four', /whole number from 1 to 16/],
  ['--hospitals 0', /whole number/],
  ['--hospitals 17', /whole number/],
  ['--rounds 1.5', /whole number/],
  ['--epsilon zero', /number above 0/],
  ['--epsilon -1', /number above 0/],
  ['--delta 0', /number above 0/],
  ['--seed -1', /whole number/],
  ['--colluders', /argument missing/],
  ['--absence', /unknown option.*--absent/s],
  ['--absent --rounds 10', /at least 20 rounds/],
  ['chest.npz', /too many arguments/],
] as const) {
  test(`${args} is refused`, t => {
    const error = t.throws(() => parseOptions(args.split(' ')), { instanceOf: CommanderError })
    t.regex(error!.message, says)
    t.not((error as CommanderError).exitCode, 0)
  })
}

test('help is no error and names every option', t => {
  let help = ''
  const error = t.throws(() => parseOptions(['--help'], text => (help += text)), { instanceOf: CommanderError })
  t.is((error as CommanderError).exitCode, 0)
  for (const name of ['data', 'hospitals', 'colluders', 'rounds', 'epsilon', 'delta', 'seed', 'absent', 'json', 'keep'])
    t.regex(help, new RegExp(`--${name}`))
})
