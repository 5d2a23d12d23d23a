/** `confrere contacts`: who is known and who waits; approve, refuse, remove. @module */

import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { type Book, decideContact, type TakenInvitation } from '../../contacts/book.ts'
import { changeBook, readBook } from '../../contacts/book-file.ts'
import { checkWords } from '../../contacts/check-words.ts'
import { type ContactView, contactViews } from '../../contacts/contact-view.ts'
import { selectContact } from '../../contacts/select.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { folderUnusable, requireDataFolder } from '../../storage/data-folder.ts'
import { loadIdentity } from '../../storage/identity.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'
import { confirm } from './confirm.ts'

interface ContactOptions {
  data: string
  json?: true
  yes?: true
}

type Action = 'approve' | 'refuse' | 'remove'

const STATES: Readonly<Record<ContactView['state'], string>> = {
  pending: 'waits for your approval',
  waiting: 'approved here, not there yet',
  contact: 'contact',
  refused: 'refused here',
  removed: 'removed here',
  'refused-by-them': 'approved here, refused there',
}

export function addContacts(contacts: Command): void {
  const common = (command: Command): Command => addJsonOption(addDataOption(command))
  common(contacts.command('list', { isDefault: true }).description('hospitals that this one knows')).action(list)
  const acting = (action: Action, description: string): void => {
    common(contacts.command(action).description(description))
      .argument('<who>', 'its name, the beginning of its peer id, or its check words')
      .option('--yes', 'do not ask')
      .action((who: string, options: ContactOptions) => act(action, who, options))
  }
  acting('approve', 'approve a hospital; it is a contact when it has approved this one too')
  acting('refuse', 'refuse a hospital that waits')
  acting('remove', 'take an approval back')
}

async function list({ data, json }: ContactOptions): Promise<void> {
  await requireDataFolder(data)
  const { site } = await readConfig(data)
  const { peer } = await loadIdentity(data)
  const book = await readBook(data)
  const views = contactViews(book, site)
  const joins = book.taken.filter(({ state }) => state !== 'joined').map(joinOf)
  if (json) return printJson({ self: { peer, site, words: checkWords(peer) }, contacts: views, joins })
  printLines(
    `This hospital  ${site}: ${checkWords(peer).join(' ')}`,
    ...joins.map(({ peer: inviter, text }) => `Joining        ${inviter}: ${text}`),
    ...(views.length === 0 ? ['No other hospital is known: "confrere invite" prints an invitation for one.'] : []),
    ...views.flatMap(linesOf),
  )
}

function joinOf({ peer, state, reason, expires }: TakenInvitation) {
  const until = new Date(expires).toISOString()
  const text =
    state === 'failed'
      ? `failed: ${reason}`
      : `not reached yet${reason === undefined ? '' : ` (${reason})`}; the node tries while it runs, until ${until}`
  return { peer, state, reason: reason ?? null, expires: until, text }
}

function linesOf({ name, state, peer, words, introducedBy, warnings }: ContactView): string[] {
  const by = introducedBy === null ? '' : `; introduced by ${introducedBy}`
  return [
    `${name}: ${STATES[state]}${by}`,
    `  check words  ${words.join(' ')}`,
    `  peer id      ${peer}`,
    ...warnings.map(warning => `  Warning: ${warning}`),
  ]
}

async function act(action: Action, who: string, { data, json, yes }: ContactOptions): Promise<void> {
  await requireDataFolder(data)
  const { site } = await readConfig(data)
  const found = selectContact(contactViews(await readBook(data), site), who)
  requireSense(action, found)
  const { peer, name, words } = found
  actsOn(peer)
  const warned = found.warnings.map(warning => `Warning: ${warning}. `).join('')
  const verb = `${action[0]!.toUpperCase()}${action.slice(1)}`
  await confirm(`${warned}${verb} ${name}, check words "${words.join(' ')}"?`, { yes })
  const after = await changeBook(data, book => decided(book, peer, action)).catch(error => {
    throw folderUnusable(data, error)
  })
  const view = contactViews(after.book, site).find(one => one.peer === peer) as ContactView
  if (json) printJson(view)
  else printLines(`${name}: ${STATES[view.state]}.`)
}

function decided(book: Book, peer: string, action: Action): Book {
  return decideContact(book, peer, action === 'approve' ? 'approve' : 'refuse')
}

function requireSense(action: Action, { name, state }: ContactView): void {
  const isApproved = state === 'contact' || state === 'waiting' || state === 'refused-by-them'
  const [message, hint] =
    action === 'refuse' && isApproved
      ? [`${name} is approved`, 'Take that back with "confrere contacts remove".']
      : action === 'remove' && !isApproved
        ? [
            `${name} is not approved`,
            state === 'pending' ? 'Refuse it with "confrere contacts refuse".' : 'There is nothing to take back.',
          ]
        : []
  if (message !== undefined)
    throw new OperatorError('wrong-action', message, { hint: hint as string, exitCode: EXIT.usage })
}
