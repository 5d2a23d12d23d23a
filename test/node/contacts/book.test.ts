// Claims about the rules of contacts: both must approve, an invitation serves one peer, introductions are bounded and
// bring nobody back, and the book's file survives two writers.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import * as rules from '../../../node/contacts/book.ts'
import { changeBook, parseBook, readBook } from '../../../node/contacts/book-file.ts'
import { contactViews } from '../../../node/contacts/contact-view.ts'
import { selectContact } from '../../../node/contacts/select.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const peers = plannedHospitals(60).map(({ peer }) => peer)
const [self, a, b, c] = peers as [string, string, string, string]
const one = (peer: string, name = 'Alder'): rules.Introduced => ({
  peer,
  name,
  addresses: ['/ip4/192.0.2.7/tcp/1'],
  version: '1',
})
const ID = '0123456789abcdef'
const given = { id: ID, key: 'ab'.repeat(32), created: 0, expires: 1000 }
const started = rules.give(rules.EMPTY_BOOK, given)!
const stateOf = (book: rules.Book, peer: string) => contactViews(book, 'Own').find(view => view.peer === peer)?.state

/** A book in which that peer is a contact. */
function withContact(book: rules.Book, peer: string, name?: string): rules.Book {
  const met = rules.useInvitation(book, ID, one(peer, name), 1)
  return rules.hear(rules.decideContact(met, peer, 'approve'), one(peer, name), true)
}

test('nobody is a contact before both have approved', t => {
  const met = rules.useInvitation(started, ID, one(a), 1)
  t.is(stateOf(met, a), 'pending')
  t.is(stateOf(rules.hear(met, one(a), true), a), 'pending')
  t.is(stateOf(rules.decideContact(met, a, 'approve'), a), 'waiting')
  t.is(stateOf(withContact(started, a), a), 'contact')
  t.is(stateOf(rules.hear(withContact(started, a), one(a), false), a), 'refused-by-them')
  t.is(stateOf(rules.decideContact(withContact(started, a), a, 'refuse'), a), 'removed')
  t.is(stateOf(rules.decideContact(met, a, 'refuse'), a), 'refused')
})

test('an invitation serves one peer until it ends', t => {
  const invitation = (book: rules.Book) => book.given[0]
  t.is(rules.whyRefused(undefined, a, 1), 'unknown')
  t.is(rules.whyRefused(invitation(started), a, 999), undefined)
  t.is(rules.whyRefused(invitation(started), a, 1000), 'expired')
  const used = rules.useInvitation(started, ID, one(a), 1)
  t.is(rules.whyRefused(invitation(used), b, 2), 'used')
  t.is(rules.whyRefused(invitation(used), a, 2), undefined, 'the one that used it may have missed the answer')
  t.is(rules.whyRefused(invitation(rules.revoke(started, ID)!), a, 1), 'revoked')
  t.is(rules.revoke(used, ID), undefined)
  let many: rules.Book | undefined = rules.EMPTY_BOOK
  for (let count = 0; count < rules.INVITATIONS_MAX; count++) many = rules.give(many!, given)
  t.is(rules.give(many!, given), undefined)
})

test('only a contact introduces, only new hospitals, and not too many', t => {
  const options = { self, now: 5 }
  const met = rules.useInvitation(started, ID, one(a), 1)
  t.is(rules.introduce(met, a, [one(b)], options), met, 'who is not approved introduces nobody')
  const book = withContact(started, a)
  const introduced = rules.introduce(book, a, [one(b, 'Birch'), one(self), one(a, 'Another')], options)
  t.deepEqual(
    introduced.contacts.map(({ peer }) => peer),
    [a, b],
  )
  t.is(contactViews(introduced, 'Own')[1]?.introducedBy, 'Alder')
  const refused = rules.decideContact(introduced, b, 'refuse')
  t.is(rules.introduce(refused, a, [one(b)], options), refused, 'who was refused stays refused')
  const removed = rules.decideContact(withContact(book, b), b, 'refuse')
  t.is(stateOf(rules.introduce(removed, a, [one(b)], options), b), 'removed')
  t.is(
    rules.introduce(
      book,
      a,
      peers.slice(2).map(peer => one(peer)),
      options,
    ).contacts.length,
    33,
  )
  t.is(stateOf(rules.useInvitation(removed, ID, one(b), 9), b), 'pending', 'a new invitation is a new decision')
})

test('contacts are introduced to contacts alone, and only those that both have approved', t => {
  let book = withContact(withContact(started, a), b, 'Birch')
  book = rules.useInvitation(book, ID, one(c, 'Cedar'), 1)
  t.deepEqual(
    rules.introductionsFor(book, a).map(({ name }) => name),
    ['Birch'],
  )
  t.deepEqual(rules.introductionsFor(book, c), [])
})

test('a contact keeps the name that was approved, one that waits may change it', t => {
  const book = withContact(started, a)
  t.is(rules.hear(book, one(a, 'Birch'), true).contacts[0]?.name, 'Alder')
  const met = rules.useInvitation(started, ID, one(a), 1)
  t.is(rules.hear(met, one(a, 'Birch'), null).contacts[0]?.name, 'Birch')
})

test('two hospitals with confusable names are flagged, and one with our own name is', t => {
  let book = rules.useInvitation(started, ID, one(a, 'Saint Mary'), 1)
  book = rules.useInvitation(book, ID, one(b, 'S\u0430int  M\u0430ry'), 1)
  book = rules.useInvitation(book, ID, one(c, 'Own'), 1)
  const [first, second, third] = contactViews(book, 'Own')
  t.regex(first!.warnings.join(), /looks like that of/)
  t.regex(second!.warnings.join(), /looks like that of Saint Mary.*mixes letters/)
  t.regex(third!.warnings.join(), /another hospital is called Own too/)
})

test('an operator names a hospital by name, peer id or check words', t => {
  const views = contactViews(rules.useInvitation(rules.useInvitation(started, ID, one(a), 1), ID, one(b), 1), 'Own')
  t.is(selectContact(views, a.slice(0, 30)).peer, a)
  t.is(selectContact(views, views[1]!.words.join(' ')).peer, b)
  t.is(selectContact(views, views[1]!.words.join('-').toUpperCase()).peer, b)
  t.throws(() => selectContact(views, 'alder'), { message: /2 hospitals are called/ })
  t.throws(() => selectContact(views, a.slice(0, 8)), { message: /No hospital is known/ })
})

test('a command and the node that write at once lose nothing, and a damaged book is named', async t => {
  const folder = await temporaryFolder(t)
  const adds = peers
    .slice(0, 20)
    .map((peer, at) => changeBook(folder, book => rules.useInvitation(book, ID, one(peer, `H ${at}`), at)))
  await Promise.all(adds)
  t.is((await readBook(folder)).contacts.length, 20)
  t.throws(() => parseBook('{"version":2}', 'book.json'), { message: /book.json is not what this program wrote/ })
  const other = await temporaryFolder(t)
  await mkdir(join(other, 'contacts'))
  await writeFile(join(other, 'contacts/book.json'), '')
  await t.throwsAsync(readBook(other), { message: /is not what this program wrote/ })
})
