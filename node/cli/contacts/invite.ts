/** `confrere invite`: prints an invitation, lists those that were given, and takes one back. @module */

import { randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import { ADDRESS_SCHEMA, readConfig } from '../../config/config.ts'
import { contactOf, type GivenInvitation, INVITATION_NOTE_MAX } from '../../contacts/book.ts'
import { readBook } from '../../contacts/book-file.ts'
import {
  INVITATION_HOURS_DEFAULT,
  INVITATION_HOURS_MAX,
  invite,
  ownAddresses,
  revokeInvitation,
} from '../../contacts/invite.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { folderUnusable, requireDataFolder } from '../../storage/data-folder.ts'
import { loadIdentity } from '../../storage/identity.ts'
import { addDataOption, addJsonOption, boundedNumber, collect } from '../options.ts'
import { printJson, printLines } from '../output.ts'

interface InviteOptions {
  data: string
  address?: string[]
  hours: number
  note?: string
  list?: true
  revoke?: string
  json?: true
}

export function addInvite(command: Command): void {
  addJsonOption(addDataOption(command))
    .addOption(
      new Option('--address <multiaddr>', 'where others reach this node, tried first; repeatable').argParser(collect),
    )
    .option('--hours <n>', 'how long it is good', boundedNumber(0.1, INVITATION_HOURS_MAX), INVITATION_HOURS_DEFAULT)
    .option('--note <text>', 'whom it is for, for your own list')
    .option('--list', 'list the invitations that were given')
    .option('--revoke <id>', 'take an invitation back')
    .action(runInvite)
}

async function runInvite({ data, address = [], hours, note, list, revoke: id, json }: InviteOptions): Promise<void> {
  await requireDataFolder(data)
  if (list === true) return await listInvitations(data, json)
  if (id !== undefined) {
    await revokeInvitation(data, id)
    if (json) printJson({ revoked: id })
    else printLines(`Invitation ${id} is taken back: nobody can use it any more.`)
    return
  }
  for (const one of address) {
    const checked = ADDRESS_SCHEMA.safeParse(one)
    if (!checked.success) {
      const hint = 'An address is a multiaddr such as /dns4/a.example/tcp/7419.'
      throw new OperatorError('bad-address', checked.error.issues[0]!.message, { hint, exitCode: EXIT.usage })
    }
  }
  if (note !== undefined && note.length > INVITATION_NOTE_MAX) {
    throw new OperatorError('bad-note', `The note has ${note.length} characters`, {
      hint: `At most ${INVITATION_NOTE_MAX} are kept: say whom the invitation is for, in a few words.`,
      exitCode: EXIT.usage,
    })
  }
  const { peer } = await loadIdentity(data)
  const addresses = ownAddresses(await readConfig(data), address)
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes))
  const made = await invite(data, { peer, addresses, hours, note, now: Date.now(), random }).catch(error => {
    throw folderUnusable(data, error)
  })
  if (json) return printJson({ invitation: made.text, id: made.id, expires: new Date(made.expires).toISOString() })
  printLines(made.text)
  process.stderr.write(
    `Send this line to one hospital, by a way that only it reads: who has it can ask to become a contact, once, until ` +
      `${new Date(made.expires).toISOString()}. There: confrere join LINE --data DIR --site NAME. ` +
      `Then approve each other: confrere contacts --data ${data}\n`,
  )
}

async function listInvitations(data: string, json: true | undefined): Promise<void> {
  const book = await readBook(data)
  const now = Date.now()
  const rows = book.given.map(one => ({
    id: one.id,
    state: stateOf(one, now),
    created: new Date(one.created).toISOString(),
    expires: new Date(one.expires).toISOString(),
    note: one.note ?? null,
    by: one.by === undefined ? null : (contactOf(book, one.by)?.name ?? one.by),
  }))
  if (json) return printJson({ invitations: rows })
  if (rows.length === 0) return printLines('No invitations.')
  printLines(
    ...rows.map(
      ({ id, state, expires, note, by }) =>
        `${id}  ${state}${by === null ? '' : ` by ${by}`}, until ${expires}${note === null ? '' : `, for ${note}`}`,
    ),
  )
}

function stateOf({ state, expires }: GivenInvitation, now: number): string {
  return state === 'open' && now >= expires ? 'expired' : state
}
