// Claims of the commands by which hospitals get to know each other: an invitation, a join that makes the folder, an
// approval on each side, and a study of contacts that is proposed, approved and listed, with no peer id typed.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { readInvitation, writeInvitation } from '../../../node/contacts/invitation.ts'
import { EXIT } from '../../../node/errors.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { confrere, fails, freePort, works } from '../../helpers/cli.ts'
import { befriend, contactNode, eventually, nodeOf } from '../../helpers/contact-nodes.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const jsonOf = async (t: Parameters<typeof works>[0], ...args: string[]) =>
  JSON.parse(await works(t, ...args, '--json'))

test('two commands a hospital, an approval each, and a study of contacts is proposed and approved', async t => {
  const root = await temporaryFolder(t)
  const [a, b, file] = ['a', 'b', 'x.study'].map(name => join(root, name)) as [string, string, string]
  const ports = [await freePort(), await freePort()]
  const listen = (at: number) => ['--listen', `/ip4/127.0.0.1/tcp/${ports[at]}`]
  await works(t, 'init', '--data', a, '--site', 'Alder', ...listen(0))
  const { code, stdout, stderr } = await confrere('invite', '--data', a)
  t.is(code, 0)
  t.regex(stdout, /^confrere_1_\w+\n$/, 'only the invitation is on stdout')
  t.regex(stderr, /confrere join LINE/)
  const invitation = stdout.trim()
  t.regex(await fails(t, EXIT.usage, 'join', invitation, '--data', b), /--site NAME/)
  t.regex(await works(t, 'join', invitation, '--data', b, '--site', 'Birch', ...listen(1)), /Created .*check words/s)
  t.regex(await works(t, 'contacts', '--data', b), /Joining .* not reached yet/)

  const time = Date.now()
  const [alder, birch] = [
    await nodeOf(t, 'Alder', { folder: a, identity: await loadIdentity(a), port: ports[0]!, time }),
    await nodeOf(t, 'Birch', { folder: b, identity: await loadIdentity(b), port: ports[1]!, time }),
  ]
  const cedar = await contactNode(t, 'Cedar')
  cedar.time = time
  await eventually(() => alder.service.pending().length > 0 && birch.service.pending().length > 0, [alder, birch])
  const [seen] = (await jsonOf(t, 'contacts', '--data', a)).contacts
  t.like(seen, { name: 'Birch', state: 'pending', peer: birch.identity.peer })
  t.is((await jsonOf(t, 'contacts', 'list', '--data', b)).self.words.join(' '), seen.words.join(' '))
  t.regex(await fails(t, EXIT.usage, 'contacts', 'approve', 'Birch', '--data', a), /Approve Birch, check words.*--yes/s)
  t.regex(await works(t, 'contacts', 'approve', 'birch', '--yes', '--data', a), /approved here, not there yet/)
  const early = ['study', 'new', '--template', 'heart-disease', '--with', 'Birch', '--data', a, '--out', file]
  t.regex(await fails(t, EXIT.usage, ...early), /not a contact yet/)
  await works(t, 'contacts', 'approve', alder.identity.peer.slice(0, 20), '--yes', '--data', b)
  await eventually(() => alder.service.isContact(birch.identity.peer), [alder, birch])
  await befriend(alder, cedar)

  const made = await jsonOf(
    t,
    'study',
    'new',
    '--template',
    'heart-disease',
    '--with',
    'Birch,cedar',
    '--data',
    a,
    '--out',
    file,
  )
  const names = made.document.hospitals.map(({ name }: { name: string }) => name)
  t.deepEqual(names.sort(), ['Alder', 'Birch', 'Cedar'])
  const id = made.study.slice(0, 12)
  t.regex(
    await works(t, 'study', 'propose', file, '--data', a),
    /to (Birch, Cedar|Cedar, Birch): the running node sends it/,
  )
  await eventually(() => birch.proposals.list().length === 1, [alder, birch, cedar])
  t.regex(await works(t, 'study', 'list', '--data', b), /proposed .*\n.*have not answered/)
  t.regex(await works(t, 'study', 'show', id, '--data', b), /Privacy of/)
  await works(t, 'study', 'approve', id, '--data', b)
  await works(t, 'study', 'approve', id, '--data', a)
  await eventually(() => alder.proposals.list()[0]?.answers.size === 2, [alder, birch, cedar])
  t.regex(await works(t, 'study', 'list', '--data', a), /approved .*\n {2}approved by .*; Cedar has not answered/)
  t.regex(await fails(t, EXIT.usage, 'study', 'refuse', id, '--yes', '--data', b), /approved here already/)
})

test('invitations are listed and taken back, and what is wrong with one is said before a folder is made', async t => {
  const root = await temporaryFolder(t)
  const [a, b, spec] = ['a', 'b', 'spec.toml'].map(name => join(root, name)) as [string, string, string]
  await works(t, 'init', '--data', a, '--site', 'Alder')
  const made = await jsonOf(
    t,
    'invite',
    '--data',
    a,
    '--address',
    '/dns4/a.example/tcp/7419',
    '--hours',
    '2',
    '--note',
    'Ward 3',
  )
  const read = readInvitation(made.invitation)
  t.is(read.addresses[0], '/dns4/a.example/tcp/7419')
  t.is(new Date(read.expires).toISOString(), made.expires)
  t.regex(await works(t, 'invite', '--list', '--data', a), new RegExp(`${made.id} +open, until`))
  t.regex(await works(t, 'invite', '--list', '--data', a), /for Ward 3/)
  t.regex(await fails(t, EXIT.usage, 'invite', '--note', 'x'.repeat(81), '--data', a), /81 characters/)
  await works(t, 'invite', '--revoke', made.id, '--data', a)
  t.regex(await works(t, 'invite', '--list', '--data', a), /revoked/)
  t.regex(await fails(t, EXIT.usage, 'invite', '--revoke', made.id, '--data', a), /No open invitation/)
  t.regex(await fails(t, EXIT.usage, 'invite', '--address', 'a.example:7419', '--data', a), /multiaddr/)

  const old = writeInvitation({ ...read, expires: 1000 })
  for (const [text, words] of [
    [made.invitation.slice(0, -5), /missing or mistyped/],
    [made.invitation.replace('_1_', '_7_'), /version 7/],
    [old, /has expired, at 1970/],
    ['hello', /not an invitation/],
  ] as const) {
    t.regex(await fails(t, EXIT.usage, 'join', text, '--data', b, '--site', 'Birch'), words)
  }
  await t.throwsAsync(loadIdentity(b), undefined, 'no folder was made')
  t.regex(await fails(t, EXIT.usage, 'join', made.invitation, '--data', a), /itself has given/)
  t.regex(
    await fails(t, EXIT.usage, 'join', made.invitation, '--data', a, '--site', 'X'),
    /--site is for a new data folder/,
  )
  t.regex(await fails(t, EXIT.usage, 'contacts', 'approve', 'Nobody', '--data', a), /nobody is known yet/)
  t.regex(await works(t, 'study', 'list', '--data', a), /No studies/)
  await writeFile(spec, await works(t, 'study', 'new', '--template', 'heart-disease', '--print'))
  const refused = ['study', 'new', spec, '--with', 'Birch', '--data', a, '--out', join(root, 'x')]
  t.regex(await fails(t, EXIT.usage, ...refused), /No hospital is known as "Birch"/)
})

test('a change of the roster is proposed, shown in words, approved by its check number, and refused', async t => {
  const root = await temporaryFolder(t)
  const [a, file, change] = ['a', 'x.study', 'change'].map(name => join(root, name)) as [string, string, string]
  await works(t, 'init', '--data', a, '--site', 'Alder')
  const { peer } = await loadIdentity(a)
  const others = plannedHospitals(4)
  const hospitals = [{ name: 'Alder', peer }, ...others].flatMap(one => ['--hospital', `${one.name}=${one.peer}`])
  await works(t, 'study', 'new', '--template', 'heart-disease', ...hospitals, '--data', a, '--out', file)
  await works(t, 'study', 'approve', file, '--data', a)
  await works(t, 'roster', 'remove', others[0]!.peer, '--out', change)
  t.regex(await works(t, 'roster', 'propose', change, '--data', a), /Proposed in .*: remove 12D3KooW/)
  const shown = await jsonOf(t, 'roster', 'show', '--data', a)
  t.like(shown.changes[0], { from: 'Alder', state: 'proposed', change: `remove ${others[0]!.peer}` })
  const { check } = shown.changes[0]
  t.regex(await fails(t, EXIT.usage, 'roster', 'approve', check, '--data', a), /Nobody is there to answer: Approve in/)
  await works(t, 'roster', 'approve', check, '--yes', '--data', a)
  t.regex(await works(t, 'roster', 'show', '--data', a), /approved {2}remove/)
  await works(t, 'roster', 'withdraw', '--data', a)
  await works(t, 'roster', 'refuse', check.replaceAll(' ', ''), '--yes', '--data', a)
  t.regex(await works(t, 'roster', 'show', '--data', a), /refused {2}remove/)
  t.regex(await fails(t, EXIT.usage, 'roster', 'refuse', '0123', '--yes', '--data', a), /roster show/)
})
