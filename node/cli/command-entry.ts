/** An entry of the table of commands, and how a table becomes commands. @module */

import type { Command } from 'commander'

/** Adds options, arguments and the action to a command that has its name and description. */
type AddOptions = (command: Command) => void

export type CommandEntry = { readonly name: string; readonly description: string } & (
  | { readonly load: () => Promise<AddOptions> }
  | { readonly children: readonly CommandEntry[] }
)

/**
 * Adds the commands to their parent; only those named on the command line are loaded.
 *
 * @param words the arguments that are not options, such as `study`, `show`; `all` loads every command
 */
export async function addCommands(
  parent: Command,
  entries: readonly CommandEntry[],
  words: readonly string[] | 'all',
): Promise<void> {
  for (const entry of entries) {
    const command = parent.command(entry.name).description(entry.description)
    const rest = words === 'all' ? 'all' : words[0] === entry.name ? words.slice(1) : null
    if ('children' in entry) await addCommands(command, entry.children, rest ?? [])
    else if (rest !== null) (await entry.load())(command)
  }
}
