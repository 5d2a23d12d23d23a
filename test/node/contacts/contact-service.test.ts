// Claims about hospitals that get to know each other, over real libp2p hosts: an invitation brings both to each other's
// pending, both must approve, contacts introduce contacts, strangers reach nothing but the contact protocol, and each
// invitation that cannot be used says why.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { readBook } from '../../../node/contacts/book-file.ts'
import { checkWords } from '../../../node/contacts/check-words.ts'
import { CONTACT_PROTOCOL } from '../../../node/contacts/contact-service.ts'
import { invitationKey, readInvitation, writeInvitation } from '../../../node/contacts/invitation.ts'
import { revokeInvitation } from '../../../node/contacts/invite.ts'
import { decodeChallenge, encodeContact, refusalIn } from '../../../node/contacts/message.ts'
import { hex } from '../../../protocols/immutable.ts'
import { befriend, contactNode, eventually, invitationOf, takes } from '../../helpers/contact-nodes.ts'

test('an invitation brings both hospitals to each other, and both must approve', async t => {
  const [a, b] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch')]
  const text = await invitationOf(a)
  t.false(text.includes(hex(readInvitation(text).secret)))
  await takes(b, text)
  await eventually(() => a.service.pending().length === 1 && b.service.pending().length === 1, [a, b])
  t.like(a.service.pending()[0]!, { name: 'Birch', words: checkWords(b.identity.peer) })
  t.like(b.service.pending()[0]!, { name: 'Alder', words: checkWords(a.identity.peer) })
  t.true(a.service.pending()[0]!.addresses.length > 0)
  t.is(a.service.pending()[0]!.direction, 'came')
  t.is(b.service.pending()[0]!.direction, 'went')

  await b.service.approve(a.identity.peer)
  await eventually(() => readBook(a.folder).then(book => book.contacts[0]?.theirs === 'approved'), [a, b])
  t.false(a.service.isContact(b.identity.peer))
  t.is(b.service.list()[0]?.state, 'waiting')
  await a.service.approve(b.identity.peer)
  await eventually(() => a.service.isContact(b.identity.peer) && b.service.isContact(a.identity.peer), [a, b])

  const file = join(a.folder, 'contacts/book.json')
  t.false((await readFile(file, 'utf8')).includes(hex(readInvitation(text).secret)), 'the secret is kept nowhere')
  t.is((await stat(file)).mode & 0o777, 0o600)
})

test('contacts introduce their contacts, who still need both approvals, and never one that was refused', async t => {
  const [a, b, c] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch'), await contactNode(t, 'Cedar')]
  await befriend(a, b)
  await befriend(a, c)
  const all = [a, b, c]
  await eventually(() => b.service.pending().length === 1 && c.service.pending().length === 1, all)
  t.like(b.service.pending()[0]!, {
    ...{ name: 'Cedar', peer: c.identity.peer },
    ...{ introducedBy: 'Alder', introducer: a.identity.peer, direction: 'introduced' },
  })
  t.like(c.service.pending()[0]!, { name: 'Birch', introducedBy: 'Alder' })
  await b.service.refuse(c.identity.peer)
  await c.service.approve(b.identity.peer)
  await eventually(() => c.service.list().some(({ state }) => state === 'refused-by-them'), all)
  await b.service.look()
  t.deepEqual(b.service.pending(), [])
  await b.service.approve(c.identity.peer)
  await eventually(() => b.service.isContact(c.identity.peer) && c.service.isContact(b.identity.peer), all)
  await a.service.refuse(c.identity.peer)
  await eventually(() => !c.service.isContact(a.identity.peer), all)
  t.is(a.service.list().find(({ peer }) => peer === c.identity.peer)?.state, 'removed')
})

test('a stranger gets in only while an invitation is open, and then opens the contact protocol alone', async t => {
  const [a, b] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch')]
  await a.network.handle('/test/other', async stream => stream.abort(new Error('served')))
  const dial = () => b.network.dial(a.identity.peer, a.network.addresses(), AbortSignal.timeout(60_000))
  b.service.admits = () => true
  const open = async (protocol: string) => {
    const signal = AbortSignal.timeout(60_000)
    const channel = b.network.channel(await b.network.open(a.identity.peer, protocol, signal), a.identity.peer)
    await channel.writeFrame(encodeContact({ kind: 'join', invitation: new Uint8Array(8), nonce: new Uint8Array(32) }))
    return await channel.readFrame(1000, 30_000)
  }
  await t.throwsAsync(async () => {
    await dial()
    await open(CONTACT_PROTOCOL)
  })
  await invitationOf(a)
  await a.service.look()
  await dial()
  await t.throwsAsync(open('/test/other'))
  t.is(refusalIn(await open(CONTACT_PROTOCOL)), 'unknown')
  for (let wrong = 1; wrong < 5; wrong++) await open(CONTACT_PROTOCOL)
  t.is(refusalIn(await open(CONTACT_PROTOCOL)), 'busy', 'after five wrong ones its address has to wait')
})

test('an invitation that cannot be used says why on the joining side', async t => {
  const [a, b, c] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch'), await contactNode(t, 'Cedar')]
  const reasonOf = async (node: typeof c, words: RegExp) => {
    const failed = async () => words.test((await readBook(node.folder)).taken[0]?.reason ?? '')
    await eventually(failed, [a, b, c])
    t.is((await readBook(node.folder)).taken[0]?.state, 'failed', String(words))
  }
  const used = await invitationOf(a)
  await takes(b, used)
  await eventually(() => a.service.pending().length === 1, [a, b])
  await invitationOf(a)
  await takes(c, used)
  await reasonOf(c, /used already/)

  const revoked = await invitationOf(a)
  const { id } = (await readBook(a.folder)).given.at(-1)!
  await revokeInvitation(a.folder, id)
  await takes(c, revoked)
  await reasonOf(c, /took the invitation back/)

  const short = await invitationOf(a, 0.5)
  await takes(c, short)
  a.time += 3600_000
  await invitationOf(a)
  await reasonOf(c, /expired/)

  const guessed = writeInvitation({ ...readInvitation(used), secret: new Uint8Array(16).fill(7) })
  await takes(c, guessed)
  await reasonOf(c, /does not know this invitation/)
})

test('a proof is bound to the peer that makes it: who hears one cannot use it', async t => {
  const [a, b, c] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch'), await contactNode(t, 'Cedar')]
  const text = await invitationOf(a)
  await a.service.look()
  const invitation = Buffer.from((await readBook(a.folder)).given[0]!.id, 'hex')
  c.service.admits = () => true
  await c.network.dial(a.identity.peer, a.network.addresses(), AbortSignal.timeout(60_000))
  const stream = await c.network.open(a.identity.peer, CONTACT_PROTOCOL, AbortSignal.timeout(60_000))
  const channel = c.network.channel(stream, a.identity.peer)
  await channel.writeFrame(
    encodeContact({ kind: 'join', invitation: new Uint8Array(invitation), nonce: new Uint8Array(32) }),
  )
  const challenge = decodeChallenge(await channel.readFrame(1000, 30_000))
  const card = { name: 'Cedar', addresses: [], version: '1' }
  await channel.writeFrame(encodeContact({ proof: challenge.proof, card }))
  t.is(refusalIn(await channel.readFrame(1000, 30_000)), 'unknown', 'the inviter’s own proof, sent back, is none')
  t.deepEqual(a.service.pending(), [])
  await takes(b, text)
  await eventually(() => a.service.pending().length === 1, [a, b])
  t.is(invitationKey(readInvitation(text).secret).length, 32)
})
