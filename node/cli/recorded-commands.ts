/** Which commands go into the record of actions, and what of them: see node/storage/action-log.ts. @module */

import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { recordAction } from '../storage/action-log.ts'
import { folderUnusable } from '../storage/data-folder.ts'

/** Commands that change something, use records of patients, or hand something out. All others only look. */
export const RECORDED: ReadonlySet<string> = new Set([
  ...['init', 'join', 'invite', 'start', 'stop', 'dashboard', 'backup', 'restore', 'repair'],
  ...['contacts approve', 'contacts refuse', 'contacts remove'],
  ...['data check', 'data add', 'data pull', 'data remove', 'data withdraw'],
  ...['study new', 'study approve', 'study leave', 'study resume', 'study propose', 'study refuse'],
  ...['roster approve', 'roster propose', 'roster refuse', 'roster withdraw'],
  ...['evaluate', 'predict', 'audit', 'export', 'dossier', 'privacy statement', 'pass new', 'pass revoke'],
])

let subject = ''

/** Says what the command that runs is about: the id of a study, a peer, the name of a data set. Never a patient or a file. */
export function actsOn(what: string): void {
  subject = what
}

/** The words of a command, such as `study approve`. */
export function commandWords(command: Command): string {
  const parent = command.parent
  return parent?.parent ? `${commandWords(parent)} ${command.name()}` : command.name()
}

/**
 * Records a command that has done its work, if it is one of those, on the data folder that it was given.
 *
 * @throws OperatorError `folder-not-writable`
 */
export async function recordCommand(command: Command): Promise<void> {
  const did = commandWords(command)
  const folder: unknown = command.opts()['data']
  if (!RECORDED.has(did) || typeof folder !== 'string' || !(await isFolder(folder))) return
  const action = { at: new Date().toISOString(), actor: actorName(), way: 'command', did, what: subject } as const
  await recordAction(folder, action).catch(error => {
    throw folderUnusable(folder, error)
  })
}

/** The user of the operating system; behind sudo, who called it as well. */
function actorName(): string {
  const by = process.env['SUDO_USER']
  const user = userInfoName()
  return by === undefined || by === '' || by === user ? user : `${by} as ${user}`
}

function userInfoName(): string {
  try {
    return userInfo().username
  } catch {
    // a user without an entry, as in a container
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
}
