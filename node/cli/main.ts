#!/usr/bin/env node
/** The command line: parses, runs one command, turns what it throws into a sentence and an exit code. @module */

import { Command, CommanderError } from 'commander'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { readVersion } from '../version.ts'
import { addAudit } from './audit.ts'
import { addEvaluate } from './evaluate.ts'
import { addEvidence } from './evidence.ts'
import { addId } from './id.ts'
import { addInit } from './init.ts'
import { reportError } from './output.ts'
import { addPrivacy } from './privacy.ts'
import { addRoster } from './roster.ts'
import { addStart } from './start.ts'
import { addStatus } from './status.ts'
import { addStudyApprove } from './study-approve.ts'
import { addStudyNew } from './study-new.ts'
import { addStudyPlan } from './study-plan.ts'
import { addStudyShow } from './study-show.ts'

/** After a command nothing should hold the process; what does so longer than this is cut off. */
const LINGER_MS_MAX = 5000

function createProgram(writeErr: (text: string) => void): Command {
  const program = new Command('confrere')
    .description('Hospitals train one model together, without a coordinator.')
    .version(readVersion())
    // before any subcommand, which inherits both
    .exitOverride()
    .configureOutput({ writeErr })
    .showSuggestionAfterError()
  addInit(program)
  addId(program)
  const study = program.command('study').description('write, show and approve studies')
  addStudyPlan(study)
  addStudyNew(study)
  addStudyShow(study)
  addStudyApprove(study)
  addStart(program)
  addStatus(program)
  addEvaluate(program)
  addAudit(program)
  addEvidence(program)
  addRoster(program)
  addPrivacy(program)
  return program
}

/** The exit code of what commander throws: help that was asked for is no error, everything else is usage. */
function reportUsage(error: CommanderError, written: string): ExitCode {
  if (error.exitCode === 0) return EXIT.ok
  if (error.code === 'commander.help') {
    // a command that only has subcommands, named without one: commander wrote the help meant for stderr
    process.stderr.write(written)
    return EXIT.usage
  }
  const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ')
  const hint = 'See "confrere help" or "confrere help COMMAND".'
  return reportError(new OperatorError(error.code, message, { hint, exitCode: EXIT.usage }), { debug: false })
}

let written = ''
try {
  await createProgram(text => {
    written += text
  }).parseAsync()
} catch (error) {
  process.exitCode =
    error instanceof CommanderError
      ? reportUsage(error, written)
      : reportError(error, { debug: Boolean(process.env['DEBUG']) })
}
setTimeout(() => process.exit(), LINGER_MS_MAX).unref()
