/** The command line options of `npm run chaos`. @module */

import { Command, InvalidArgumentError, Option } from 'commander'
import { SCENARIOS } from './scenarios/list.ts'

const SEED_MAX = 2 ** 32 - 1
const ROUNDS_MAX = 10_000

export interface ChaosOptions {
  /** absent: all scenarios */
  readonly scenario?: string
  readonly seed: number
  /** absent: the scenario's own number */
  readonly rounds?: number
  readonly json?: string
  readonly keep: boolean
}

function whole(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

/**
 * Reads the arguments after the program's name.
 *
 * @param write prints help; errors are only thrown
 * @throws CommanderError for invalid arguments, and with exit code 0 after help
 */
export function parseOptions(args: readonly string[], write: (text: string) => void = () => {}): ChaosOptions {
  const names = SCENARIOS.map(({ name }) => name)
  const command = new Command('npm run chaos --')
    .description('Real hospital processes under real faults: what was promised must hold all the same.')
    .addOption(new Option('--scenario <name>', 'only this one').choices(names))
    .addOption(new Option('--seed <s>', 'of what goes wrong, and when').default(1).argParser(whole(0, SEED_MAX)))
    .addOption(new Option('--rounds <r>', "instead of a scenario's own number").argParser(whole(1, ROUNDS_MAX)))
    .option('--json <file>', 'write the outcome as JSON')
    .option('--keep', "keep the hospitals' folders; those of a failure are kept anyway", false)
    .addHelpText('after', ['', ...SCENARIOS.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`)].join('\n'))
    .helpOption('-h, --help', 'show this')
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
  command.parse([...args], { from: 'user' })
  return command.opts<ChaosOptions>()
}
