/**
 * `npm run hostile`: measures the cost of a hostile member to three honest nodes.
 *
 *   npm run hostile -- [--seconds 60] [--each] [--quiet] [attack ...]
 *
 * Without names all attacks run at once; `--each` runs them one by one, each against fresh nodes; `--quiet` runs none,
 * for comparison.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { type AttackReport, runAttack } from './attack-run.ts'
import { ATTACKS } from './attacks.ts'

const MEGABYTES_MAX = 64

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, each: { type: 'boolean' }, quiet: { type: 'boolean' } },
  allowPositionals: true,
})
const unknown = positionals.find(name => ATTACKS[name] === undefined)
const seconds = Number(values.seconds)
if (unknown !== undefined || !(seconds > 0)) {
  const hint = `[--seconds 60] [--each] [--quiet] [${Object.keys(ATTACKS).join(' ')}]`
  process.stderr.write(`hostile: unknown argument ${unknown ?? values.seconds}\n  hint: ${hint}\n`)
  process.exit(2)
}

function show(name: string, { strikes, failures, ...figures }: AttackReport): boolean {
  const held = figures.megabytesMax <= MEGABYTES_MAX && figures.agreed > 0 && figures.agreed === figures.rounds
  const passed = held && figures.honestStrikes === 0 && failures.length === 0
  const cells = Object.entries(figures).map(([key, value]) => `${key} ${Math.round(value * 10) / 10}`)
  process.stdout.write(`${passed ? 'held ' : 'BROKE'} ${name}: ${cells.join(', ')}\n`)
  for (const [reason, count] of Object.entries(strikes)) process.stdout.write(`        ${count} × ${reason}\n`)
  for (const failure of failures) process.stdout.write(`        a node stopped: ${failure}\n`)
  return passed
}

const names = positionals.length > 0 ? positionals : Object.keys(ATTACKS)
const runs: [string, readonly string[]][] = values.each
  ? names.map(name => [name, [name]])
  : [values.quiet ? ['nothing', []] : [positionals.length > 0 ? names.join(' ') : 'everything', names]]
let passed = true
for (const [name, attacks] of runs) passed = show(name, await runAttack({ seconds, attacks })) && passed
process.exit(passed ? 0 : 1)
