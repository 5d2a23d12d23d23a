/** The command line options of `npm run demo`. @module */

import { Command, InvalidArgumentError, Option } from 'commander'
import { recipeFor } from './recipe.ts'

/** Each hospital is a process with its own tensor engine. */
const HOSPITALS_MAX = 16
const SEED_MAX = 2 ** 32 - 1
/** A hospital is killed after a third of the rounds; the rest must cover its absence and its return. */
const ABSENT_ROUNDS_MIN = 20

export interface DemoOptions {
  /** an .npz with the splits train and test; absent: phantoms */
  readonly data?: string
  readonly hospitals: number
  readonly colluders: number
  readonly rounds: number
  readonly epsilon: number
  readonly delta: number
  readonly seed: number
  readonly absent: boolean
  readonly json?: string
  /** folder that is left behind */
  readonly keep?: string
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

function positive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a number above 0.')
  }
  return value
}

/**
 * Reads the arguments after the program's name.
 *
 * @param write prints help; errors are only thrown
 * @throws CommanderError for invalid arguments, and with exit code 0 after help
 */
export function parseOptions(args: readonly string[], write: (text: string) => void = () => {}): DemoOptions {
  const command = new Command('npm run demo --')
    .description('Several hospitals, each a process of its own, train one model: no server, no shared records.')
    .option('--data <file>', 'an .npz with {train,test}_{images,labels}; without it, synthetic phantoms are drawn')
    .addOption(new Option('--hospitals <n>', 'how many take part').default(4).argParser(whole(1, HOSPITALS_MAX)))
    .addOption(new Option('--colluders <t>', 'how many may pool what they know').default(1).argParser(whole(1, 100)))
    .addOption(new Option('--rounds <r>', 'of training (default: what suits epsilon)').argParser(whole(1, 100_000)))
    .addOption(new Option('--epsilon <e>', 'privacy of one record, over all rounds').default(3).argParser(positive))
    .addOption(new Option('--delta <d>', 'at this delta').default(1e-5).argParser(positive))
    .addOption(
      new Option('--seed <s>', 'of the partition and the first parameters, never of noise or sampling')
        .default(1)
        .argParser(whole(0, SEED_MAX)),
    )
    .option('--absent', 'kill one hospital in the middle of a round, and bring it back', false)
    .option('--json <file>', 'write the outcome as JSON')
    .option('--keep <folder>', "leave the hospitals' folders there: a new folder, or an empty one")
    .helpOption('-h, --help', 'show this')
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
  command.parse([...args], { from: 'user' })
  const given = command.opts<Omit<DemoOptions, 'rounds'> & { rounds?: number }>()
  const options: DemoOptions = {
    ...given,
    rounds: given.rounds ?? recipeFor({ synthetic: given.data === undefined, epsilon: given.epsilon }).rounds,
  }
  if (options.absent && options.rounds < ABSENT_ROUNDS_MIN) {
    command.error(`error: --absent needs at least ${ABSENT_ROUNDS_MIN} rounds: one hospital must go and come back`)
  }
  return options
}
