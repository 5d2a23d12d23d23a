#!/usr/bin/env node
/** The command line: parses it, runs one command, and turns its error into a sentence and an exit code. @module */

import { Command, CommanderError } from 'commander'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { readVersion } from '../version.ts'
import { addCommands } from './command-entry.ts'
import { COMMANDS } from './commands.ts'
import { reportError } from './output.ts'

/** Time after a command before the process exits, even if something still holds it open. */
const LINGER_MS_MAX = 5000
const HELP = 'See "confrere help" or "confrere help COMMAND".'

async function createProgram(args: readonly string[], writeErr: (text: string) => void): Promise<Command> {
  const program = new Command('confrere')
    .description('Hospitals train one model together, without a coordinator.')
    .version(readVersion())
    // before any subcommand, which inherits all three
    .exitOverride()
    .configureOutput({ writeErr })
    .configureHelp({ subcommandTerm: command => command.name() })
    .showSuggestionAfterError()
  const record = async (hooked: Command): Promise<void> =>
    (await import('./recorded-commands.ts')).recordCommand(hooked)
  // a node that starts ends long after, or not at all by itself
  program.hook('preAction', async (_, hooked) => (hooked.name() === 'start' ? record(hooked) : undefined))
  program.hook('postAction', async (_, hooked) => (hooked.name() === 'start' ? undefined : record(hooked)))
  const words = args.filter(word => !word.startsWith('-') && word !== 'help')
  await addCommands(program, COMMANDS, words)
  return program
}

/** The exit code of a commander error: requested help is no error, everything else is a usage error. */
function reportUsage(error: CommanderError, { written, json }: { written: string; json: boolean }): ExitCode {
  if (error.exitCode === 0) return EXIT.ok
  if (error.code === 'commander.help') {
    // a command with subcommands, called without one: commander wrote the help that belongs on stderr
    if (json)
      return reportError(new OperatorError('no-command', 'Which command?', { hint: HELP, exitCode: EXIT.usage }), {
        debug: false,
        json,
      })
    process.stderr.write(written)
    return EXIT.usage
  }
  const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ')
  return reportError(new OperatorError(error.code, message, { hint: HELP, exitCode: EXIT.usage }), {
    debug: false,
    json,
  })
}

let written = ''
const args = process.argv.slice(2)
// an error must be JSON too where the command line itself is what is wrong
const json = args.includes('--json')
try {
  const program = await createProgram(args, text => {
    written += text
  })
  await program.parseAsync()
} catch (error) {
  process.exitCode =
    error instanceof CommanderError
      ? reportUsage(error, { written, json })
      : reportError(error, { debug: Boolean(process.env['DEBUG']), json })
}
setTimeout(() => process.exit(), LINGER_MS_MAX).unref()
