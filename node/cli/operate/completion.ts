/** `confrere completion`: a script for the shell, made from the table of commands. @module */

import { Argument, Command } from 'commander'
import { addCommands, type CommandEntry } from '../command-entry.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** What may stand after these words. */
interface Place {
  /** such as `study approve`; empty at the top */
  readonly words: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly { readonly name: string; readonly description: string; readonly takesValue: boolean }[]
}

/** @param table of all commands, this one among them */
export function addCompletion(table: () => readonly CommandEntry[]): (command: Command) => void {
  return command =>
    void command
      .addArgument(new Argument('<shell>', 'whose script it is').choices(SHELLS))
      .addHelpText(
        'after',
        '\nbash: source <(confrere completion bash), in ~/.bashrc; zsh the same, in ~/.zshrc; fish: confrere completion fish | source',
      )
      .action(async (shell: Shell) => {
        process.stdout.write(SCRIPTS[shell](await placesOf(table())))
      })
}

/** Every place where something may be completed, with all commands loaded. */
async function placesOf(entries: readonly CommandEntry[]): Promise<Place[]> {
  const program = new Command('confrere')
  await addCommands(program, entries, 'all')
  return placesIn(program, [])
}

function placesIn(command: Command, words: readonly string[]): Place[] {
  const commands = command.commands.map(child => ({ name: child.name(), description: child.description() }))
  const options = command.options
    .filter(({ hidden, long }) => !hidden && long != null)
    .map(({ long, description, required, optional }) => ({
      ...{ name: long as string, description, takesValue: required || optional },
    }))
  const help = { name: '--help', description: 'display help for command', takesValue: false }
  return [
    { words: words.join(' '), commands, options: [...options, help] },
    ...command.commands.flatMap(child => placesIn(child, [...words, child.name()])),
  ]
}

const wordsAt = ({ commands, options }: Place): string => [...commands, ...options].map(({ name }) => name).join(' ')

/** A shell's string: nothing in single quotes is special but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

function bash(places: readonly Place[]): string {
  const cases = places.map(place => `    ${quoted(place.words)}) words=${quoted(wordsAt(place))} ;;`)
  return `# confrere: completion for bash
_confrere() {
  local place='' word words='' next=\${COMP_WORDS[COMP_CWORD]} i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case ";${groupWords(places)};" in *";\${place:+$place }$word;"*) place="\${place:+$place }$word" ;; esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  # a value is a file, more often than not
  if [[ " ${valueOptions(places)} " == *" \${COMP_WORDS[COMP_CWORD-1]} "* ]]; then COMPREPLY=($(compgen -f -- "$next"))
  elif [[ $next == -* || $COMP_CWORD -eq 1 || -n $words && $words != -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$next"))
  else COMPREPLY=($(compgen -f -- "$next")); fi
}
complete -o filenames -F _confrere confrere
`
}

/** All words that lead to a place, with semicolons between. */
function groupWords(places: readonly Place[]): string {
  return places.flatMap(({ words }) => words || []).join(';')
}

function valueOptions(places: readonly Place[]): string {
  const all = places.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue).map(({ name }) => name))
  return [...new Set(all)].join(' ')
}

function zsh(places: readonly Place[]): string {
  return `# confrere: completion for zsh, by that for bash\nautoload -U +X bashcompinit && bashcompinit\n${bash(places)}`
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, commands, options }) => {
    const parts = words === '' ? [] : words.split(' ')
    const seen = parts.map(part => `__fish_seen_subcommand_from ${part}`).join('; and ')
    const others = commands.map(({ name }) => name).join(' ')
    const none = commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${others}`]
    const when = [...(seen === '' ? [] : [seen]), ...none].join('; and ')
    const first = words === '' ? '__fish_use_subcommand' : when
    return [
      ...commands.map(
        ({ name, description }) =>
          `complete -c confrere -f -n ${quoted(first)} -a ${quoted(name)} -d ${quoted(description)}`,
      ),
      ...options.map(
        ({ name, description, takesValue }) =>
          `complete -c confrere -n ${quoted(first)} -l ${name.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(description)}`,
      ),
    ]
  })
  return `# confrere: completion for fish\n${lines.join('\n')}\n`
}

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = { bash, zsh, fish }
