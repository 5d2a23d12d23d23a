// Claims about invitations as text: they survive copying, are short, and everything else is refused with a sentence.

import test from 'ava'
import fc from 'fast-check'
import { invitationId, invitationKey, readInvitation, writeInvitation } from '../../../node/contacts/invitation.ts'
import { ownAddresses } from '../../../node/contacts/invite.ts'
import { OperatorError } from '../../../node/errors.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { hex } from '../../../protocols/immutable.ts'
import { testSigners } from '../../helpers/study/study.ts'

const peer = peerIdString(testSigners(1)[0]!.id)
const secret = Uint8Array.from({ length: 16 }, (_, at) => at)
const expires = Date.UTC(2030, 0, 1)
const addresses = ['/dns4/a.example/tcp/7419', '/ip4/192.0.2.7/tcp/7419', '/ip6/2001:db8::1/tcp/443/wss']
const text = writeInvitation({ peer, secret, expires, addresses })

test('an invitation comes back as it was, however it was pasted', t => {
  for (const pasted of [text, `  "${text}"\r\n`, text.replace(/.{40}/g, '$&\n  '), `<${text}>`]) {
    t.deepEqual(readInvitation(pasted), { peer, secret, expires, addresses })
  }
  t.regex(text, /^\w+$/, 'one word, which a double click selects')
})

test('any secret, end and addresses come back, in fewer than 400 characters', t => {
  const address = fc.oneof(
    fc.ipV4().map(ip => `/ip4/${ip}/tcp/7419`),
    fc.domain().map(name => `/dns4/${name}/tcp/443/wss`),
  )
  const property = fc.property(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.array(address, { minLength: 1, maxLength: 12 }),
    (bytes, seconds, list) => {
      const short = list.filter(one => one.length < 120)
      fc.pre(short.length > 0)
      const written = writeInvitation({ peer, secret: bytes, expires: seconds * 1000, addresses: short })
      const read = readInvitation(written)
      t.true(written.length < 400)
      t.deepEqual(read, {
        peer,
        secret: bytes,
        expires: seconds * 1000,
        addresses: short.slice(0, read.addresses.length),
      })
    },
  )
  fc.assert(property)
})

test('a truncated, mistyped or foreign text is refused as damaged, one of another version as that', t => {
  const refused = (pasted: string, code: string) =>
    t.is(t.throws(() => readInvitation(pasted), { instanceOf: OperatorError })?.code, code)
  for (let length = 0; length < text.length; length++) refused(text.slice(0, length), 'invitation-damaged')
  for (let at = 'confrere_1_'.length; at < text.length; at++) {
    refused(`${text.slice(0, at)}${text[at] === 'z' ? 'y' : 'z'}${text.slice(at + 1)}`, 'invitation-damaged')
  }
  refused(text.replace('_1_', '_2_'), 'invitation-version')
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      for (const wrong of [a, `confrere_1_${b}`]) t.throws(() => readInvitation(wrong), { instanceOf: OperatorError })
    }),
  )
})

test('an invitation is named by what says nothing of its key, and its key nothing of its secret', t => {
  const key = invitationKey(secret)
  t.notRegex(hex(key), new RegExp(hex(secret)))
  t.regex(invitationId(key), /^[0-9a-f]{16}$/)
  t.false(hex(key).includes(invitationId(key)))
})

test('an invitation without a usable address is refused', t => {
  t.is(
    t.throws(() => writeInvitation({ peer, secret, expires, addresses: [] }), { instanceOf: OperatorError })?.code,
    'no-address',
  )
})

test('a node invites to what it announces, else to what it listens on, loopback last', t => {
  const network = {
    listen: ['/ip4/127.0.0.1/tcp/7419', '/ip4/192.0.2.7/tcp/7419', '/ip4/192.0.2.8/tcp/0'],
    announce: [] as string[],
  }
  const of = (announce: string[], added: string[] = []) =>
    ownAddresses(
      {
        network: {
          ...network,
          announce,
          bootstrap: [],
          mdns: false,
          proxy: null,
          proxyExcept: [],
          ca: null,
          relay: true,
        },
      },
      added,
    )
  t.deepEqual(of([]), ['/ip4/192.0.2.7/tcp/7419', '/ip4/127.0.0.1/tcp/7419'])
  t.deepEqual(of(['/dns4/a.example/tcp/1'], ['/dns4/b.example/tcp/2']), [
    '/dns4/b.example/tcp/2',
    '/dns4/a.example/tcp/1',
  ])
})
