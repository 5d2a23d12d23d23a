// Claims: a command's file is loaded when that command is called and not before, so that `--help` and `status` are
// quick; every command of the table has its file.

import test from 'ava'
import { Command } from 'commander'
import { addCommands, type CommandEntry } from '../../../node/cli/command-entry.ts'
import { COMMANDS } from '../../../node/cli/commands.ts'

function counted(): { entries: CommandEntry[]; loaded: string[] } {
  const loaded: string[] = []
  const entry = (name: string): CommandEntry => ({
    name,
    description: `does ${name}`,
    load: async () => {
      loaded.push(name)
      return command => command.option('--x')
    },
  })
  const children = [entry('show'), entry('new')]
  return { loaded, entries: [entry('start'), { name: 'study', description: 'studies', children }, entry('show')] }
}

test('only the command that is named is loaded, and all are listed', async t => {
  const cases: [words: string[], expected: string[]][] = [
    [[], []],
    [['start'], ['start']],
    [['study'], []],
    [['study', 'show'], ['show']],
    [['study', 'start'], []],
    [['show', 'new'], ['show']],
    [['unknown'], []],
  ]
  for (const [words, expected] of cases) {
    const { entries, loaded } = counted()
    const program = new Command('x')
    await addCommands(program, entries, words)
    t.deepEqual(loaded, expected, words.join(' '))
    t.deepEqual(
      program.commands.map(command => command.name()),
      ['start', 'study', 'show'],
    )
  }
})

test('every command of the table has a file that adds it', async t => {
  const wordsOf = (entries: readonly CommandEntry[], before: string[]): string[][] =>
    entries.flatMap(entry =>
      'children' in entry ? wordsOf(entry.children, [...before, entry.name]) : [[...before, entry.name]],
    )
  const all = wordsOf(COMMANDS, [])
  t.true(all.length >= 13)
  for (const words of all) {
    const program = new Command('x')
    await addCommands(program, COMMANDS, words)
    const found = words.reduce<Command | undefined>(
      (command, word) => command?.commands.find(child => child.name() === word),
      program,
    )
    const { options = [], commands = [], registeredArguments = [] } = found ?? {}
    t.true(options.length + commands.length + registeredArguments.length > 0, words.join(' '))
  }
})
