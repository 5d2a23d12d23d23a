/** `confrere join`: takes an invitation; the node uses it when it runs. @module */

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { CONFIG_FILE } from '../../config/config.ts'
import { checkWords } from '../../contacts/check-words.ts'
import { readInvitation } from '../../contacts/invitation.ts'
import { requireUsable, takeInvitation } from '../../contacts/invite.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { folderUnusable, requireDataFolder } from '../../storage/data-folder.ts'
import { IDENTITY_FILE, loadIdentity } from '../../storage/identity.ts'
import { addInitOptions, type InitOptions, initFolder } from '../init.ts'
import { addDataOption, addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

type JoinOptions = Omit<InitOptions, 'site'> & { site?: string; json?: true }

export function addJoin(command: Command): void {
  addInitOptions(addJsonOption(addDataOption(command)))
    .argument('<invitation>', 'the line that "confrere invite" printed at the other hospital')
    .option('--site <name>', "the hospital's name, where the data folder is to be made")
    .action(runJoin)
}

async function runJoin(text: string, { json, ...options }: JoinOptions): Promise<void> {
  const { data } = options
  const invitation = readInvitation(text)
  requireUsable(invitation, Date.now())
  const made = (await isMade(data)) ? await checkOld(options) : await makeNew(options)
  const { peer } = await loadIdentity(data)
  await takeInvitation(data, invitation, { self: peer, now: Date.now() }).catch(error => {
    throw folderUnusable(data, error)
  })
  const theirs = checkWords(invitation.peer)
  const ours = checkWords(peer)
  if (json) return printJson({ peer, words: ours, inviter: { peer: invitation.peer, words: theirs } })
  printLines(
    ...made,
    `Invited by ${invitation.peer}, check words: ${theirs.join(' ')}`,
    `This hospital's check words: ${ours.join(' ')}`,
    `The node gets in touch while it runs: "confrere start --data ${data}". Compare the words by telephone, then approve: "confrere contacts --data ${data}".`,
  )
}

/** Whether the folder is a data folder, or a part of one that must not be made again. */
async function isMade(data: string): Promise<boolean> {
  const found = await Promise.all(
    [CONFIG_FILE, IDENTITY_FILE].map(name =>
      access(join(data, name)).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}

async function makeNew({ site, ...options }: Omit<JoinOptions, 'json'>): Promise<string[]> {
  if (site !== undefined) return await initFolder({ ...options, site })
  throw new OperatorError(
    'no-site',
    `There is no data folder ${options.data} yet, and a new one needs the hospital's name`,
    {
      hint: 'Say --site NAME, or name the folder of a node that exists with --data.',
      exitCode: EXIT.usage,
    },
  )
}

/** What only a new folder can be told must not seem to have been done to an old one. */
async function checkOld({ data, ...given }: Omit<JoinOptions, 'json'>): Promise<string[]> {
  await requireDataFolder(data)
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (name === undefined) return []
  const option = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  throw new OperatorError('folder-exists', `--${option} is for a new data folder, and ${data} exists already`, {
    hint: `Leave it away, and change ${join(data, CONFIG_FILE)} if it is to be different.`,
    exitCode: EXIT.usage,
  })
}
