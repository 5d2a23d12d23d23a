// Claim: false addresses that a hostile peer spreads of another do not stop the true ones from being tried again.

import test from 'ava'
import fc from 'fast-check'
import { AddressBook } from '../../../node/network/address-book.ts'

const TRUE = '/ip4/192.0.2.1/tcp/1'

/** Knows one other hospital, and where the roster says that it is. */
function createBook(fixed: readonly string[]): AddressBook {
  const book = new AddressBook((_, address) => address.startsWith('/'))
  book.follow(new Map([['b', fixed]]))
  return book
}

test('hearsay never displaces what the study, the config or the peer itself said', t => {
  const address = fc.nat(60_000).map(port => `/ip4/203.0.113.9/tcp/${port}`)
  fc.assert(
    fc.property(fc.array(fc.array(address, { maxLength: 20 }), { maxLength: 30 }), fc.boolean(), (lies, fixed) => {
      const book = createBook(fixed ? [TRUE] : [])
      if (!fixed) book.learn('b', [TRUE])
      for (const lie of lies) book.learn('b', lie, { hearsay: true })
      const tried = [book.next('b'), book.next('b')]
      return tried.some(list => list.length === 1 && list[0] === TRUE) && tried.every(list => list.length <= 4)
    }),
  )
  t.pass()
})

test('the study’s addresses outlast everything, the newest others are kept', t => {
  const book = createBook([TRUE])
  for (let i = 0; i < 100; i++) book.learn('b', [`/ip4/203.0.113.9/tcp/${i}`])
  const next = book.next('b')
  t.true(next.includes(TRUE) && next.includes('/ip4/203.0.113.9/tcp/99'))
  t.is(next.length, 9)
})

test('hearsay is used where nothing else is known, and is not passed on', t => {
  const book = createBook([])
  book.learn('b', ['nonsense', '/ip4/203.0.113.9/tcp/1'], { hearsay: true })
  t.deepEqual(book.next('b'), ['/ip4/203.0.113.9/tcp/1'])
  t.deepEqual(book.told('b'), [])
  book.learn('unknown', [TRUE])
  t.deepEqual(book.next('unknown'), [])
})

test('another roster: who stays is known as before, who was removed is not, who is new can be dialled', t => {
  const book = createBook([])
  book.learn('b', [TRUE])
  book.follow(
    new Map([
      ['b', []],
      ['c', ['/ip4/192.0.2.2/tcp/1']],
    ]),
  )
  t.deepEqual(book.peers, ['b', 'c'])
  t.deepEqual(book.next('b'), [TRUE])
  t.deepEqual(book.next('c'), ['/ip4/192.0.2.2/tcp/1'])
  book.follow(new Map([['c', []]]))
  t.false(book.has('b'))
  t.deepEqual(book.next('b'), [])
})
