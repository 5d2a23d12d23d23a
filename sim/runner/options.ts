/** The command line of the simulator. @module */

import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { SCENARIOS } from '../scenarios/list.ts'

export interface SimOptions {
  /** first and last seed */
  readonly from: number
  readonly to: number
  readonly scenario: string | null
  readonly trace: boolean
  readonly workers: number
  readonly list: boolean
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

function range(text: string): { from: number; to: number } {
  const parts = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text)
  const [from, to] = [Number(parts?.[1]), Number(parts?.[2])]
  if (parts === null || to < from)
    throw new InvalidArgumentError('Expected two numbers, the smaller one first: 0..999.')
  return { from, to }
}

function scenario(text: string): string {
  if (SCENARIOS.some(({ name }) => name === text)) return text
  throw new InvalidArgumentError(`There are: ${SCENARIOS.map(({ name }) => name).join(', ')}.`)
}

/** @throws CommanderError for invalid arguments, or when help was requested */
export function parseOptions(args: readonly string[], write: (text: string) => void): SimOptions {
  const command = new Command('sim')
    .description('Runs studies in a deterministic world where everything goes wrong that a seed says.')
    .option('--seed <number>', 'run one seed', whole)
    .option('--seeds <first..last>', 'run many', range)
    .option('--scenario <name>', 'this one; without it the scenarios take turns', scenario)
    .option('--trace', 'tell the story of a single seed, event by event', false)
    .option('--workers <number>', 'processes to run many seeds on', whole, availableParallelism())
    .option('--list', 'the scenarios', false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
  command.parse([...args], { from: 'user' })
  const { seed, seeds, scenario: name, trace, workers, list } = command.opts()
  const one = seed ?? 0
  const { from, to } = seeds ?? { from: one, to: one }
  if (trace && from !== to) command.error('error: --trace tells the story of a single --seed')
  return { from, to, scenario: name ?? null, trace, workers: Math.max(1, workers), list }
}
