// Claims: every command either only looks, or is written down with who ran it, when, and what it was about; never a patient, a
// file or a path. What is clicked on the page, or done with the token, is written down too.

import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { Command } from 'commander'
import fc from 'fast-check'
import { addCommands } from '../../../node/cli/command-entry.ts'
import { COMMANDS } from '../../../node/cli/commands.ts'
import { commandWords, RECORDED } from '../../../node/cli/recorded-commands.ts'
import { EXIT } from '../../../node/errors.ts'
import type { Deed } from '../../../node/http/recording.ts'
import { ACTION_FILE, type Action, parseAction, recordAction } from '../../../node/storage/action-log.ts'
import { confrere, fails, works } from '../../helpers/cli.ts'
import { appForTest, BEARER, LOCAL, STUDY } from '../../helpers/http/filled-view.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** They change nothing, read no record of a patient, and hand nothing out. */
const LOOKING = [
  ...['id', 'status', 'peers', 'rounds', 'logs', 'doctor', 'completion', 'verify'],
  ...['config check', 'config show', 'config schema', 'contacts list', 'data list', 'pass list'],
  ...['study plan', 'study show', 'study list', 'study table', 'evidence list', 'evidence verify'],
  ...['roster admit', 'roster rotate', 'roster remove', 'roster show'],
  ...['privacy epsilon', 'privacy noise', 'privacy show', 'privacy ledger', 'privacy project', 'privacy verify'],
]

const actionsIn = async (folder: string): Promise<Action[]> =>
  (await readFile(join(folder, ACTION_FILE), 'utf8'))
    .trimEnd()
    .split('\n')
    .map(line => parseAction(line) as Action)

test('every command is one that looks or one that is written down', async t => {
  const program = new Command('confrere')
  await addCommands(program, COMMANDS, 'all')
  const leaves = (command: Command): string[] =>
    command.commands.length === 0 ? [commandWords(command)] : command.commands.flatMap(leaves)
  const all = program.commands.flatMap(leaves)
  t.deepEqual([...new Set(all)].toSorted(), [...RECORDED, ...LOOKING].toSorted())
})

test('a command is written down with its user and subject, one that fails or looks is not', async t => {
  const folder = join(await temporaryFolder(t), 'node')
  await works(t, 'init', '--data', folder, '--site', 'Hospital A')
  await works(t, 'id', '--data', folder)
  t.is((await confrere('invite', '--data', folder, '--address', '/ip4/192.0.2.1/tcp/7419')).code, 0)
  await fails(t, EXIT.usage, 'study', 'approve', join(folder, 'no-study'), '--data', folder)
  const actions = await actionsIn(folder)
  t.deepEqual(
    actions.map(({ did, way }) => [did, way]),
    [
      ['init', 'command'],
      ['invite', 'command'],
    ],
  )
  for (const { actor } of actions) t.true(actor.endsWith(userInfo().username))
  t.false((await readFile(join(folder, ACTION_FILE), 'utf8')).includes(folder))
})

test('lines of other programs and long words do no harm: what is read back is what was written', async t => {
  const folder = await temporaryFolder(t)
  const word = fc.string({ maxLength: 300 })
  const at = '2026-01-01T00:00:00.000Z'
  for (const what of fc.sample(word, { numRuns: 50, seed: 1 })) {
    await recordAction(folder, { at, actor: what, way: 'command', did: 'init', what })
  }
  t.is((await actionsIn(folder)).filter(Boolean).length, 50)
  fc.assert(fc.property(fc.string(), line => void t.is(parseAction(line), undefined)))
})

test('what is done on the page or with the token is told, by path and without a body; what fails or looks is not', async t => {
  const deeds: Deed[] = []
  const { app } = appForTest({ record: async deed => void deeds.push(deed) })
  const post = (path: string, body?: object, headers: Record<string, string> = BEARER) =>
    app.request(path, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  await app.request('/v1/contacts', { headers: BEARER })
  t.is((await post(`/v1/studies/${STUDY}/approve`, { dataset: 'ours' })).status, 200)
  t.is((await post(`/v1/studies/${STUDY}/leave`)).status, 409)
  t.is((await post('/v1/invitations', { hours: 24, note: null })).status, 201)
  t.is((await post('/v1/invitations', { hours: 24, note: null }, LOCAL)).status, 401)
  t.deepEqual(deeds, [
    { actor: 'who has the token', way: 'http', did: 'studies approve', what: STUDY },
    { actor: 'who has the token', way: 'http', did: 'invitations', what: '' },
  ])
})
