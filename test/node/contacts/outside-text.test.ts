// Claims about what strangers send: names are made harmless, messages are bounded and parsed strictly where it matters,
// check words are those of the public list, attempts are limited, and answers are only believed as signed.

import { createHash } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { mergeAnswers, readAnswer, signAnswer } from '../../../node/contacts/answer.ts'
import { checkWords } from '../../../node/contacts/check-words.ts'
import { CLOSED_MS, JoinLimits, WRONG_OF_ALL_MAX, WRONG_PER_HOST_MAX } from '../../../node/contacts/join-limits.ts'
import {
  cardOf,
  decodeChallenge,
  decodeFirst,
  decodeProven,
  decodeWelcome,
  encodeContact,
  introducedOf,
} from '../../../node/contacts/message.ts'
import { isJoinProof, joinProof } from '../../../node/contacts/proof.ts'
import { decodeProposalReply, decodeProposalRequest } from '../../../node/contacts/proposal-message.ts'
import { cleanSiteName, mixesScripts, nameSkeleton } from '../../../node/contacts/site-name.ts'
import { CHECK_WORD_LIST } from '../../../node/contacts/word-list.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { NAME_SCHEMA } from '../../../protocols/study/contracts/fields.ts'
import { handClock } from '../../helpers/hand-clock.ts'
import { testSigners } from '../../helpers/study/study.ts'

const signers = testSigners(3)
const [a, b, c] = signers.map(({ id }) => peerIdString(id)) as [string, string, string]

test('any text becomes a name that a study may hold, and stays it', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      const name = cleanSiteName(text)
      t.true(NAME_SCHEMA.safeParse(name).success, JSON.stringify(name))
      t.is(cleanSiteName(name), name)
    }),
  )
  t.is(cleanSiteName('Klinikum Süd'), 'Klinikum Süd')
  t.is(cleanSiteName('A\u202eB\u200f\n\u001b[31m'), 'A\ufffdB\ufffd\ufffd\ufffd[31m')
  t.is(cleanSiteName(`z${'\u0316'.repeat(50)}`), 'z\u0316\u0316')
})

test('look-alikes have one skeleton, different names do not', t => {
  for (const other of [
    '\u0410lder Clinic',
    'ALDER CLINIC',
    'A1der Clinic',
    'Alder  Clinic.',
    '\uff21lder Clinic',
    'Ald\u00e9r Clinic',
  ]) {
    t.is(nameSkeleton(other), nameSkeleton('Alder Clinic'), other)
  }
  t.not(nameSkeleton('Birch Clinic'), nameSkeleton('Alder Clinic'))
  t.true(mixesScripts('\u0410lder'))
  t.false(mixesScripts('Klinik \u0410\u043b\u044c\u0444\u0430'))
})

test('check words are six of the 2048 of the public list, and those of one id never change', t => {
  const hash = createHash('sha256')
    .update(`${CHECK_WORD_LIST.join('\n')}\n`)
    .digest('hex')
  t.is(hash, '2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda', 'bip-0039/english.txt')
  t.is(new Set(CHECK_WORD_LIST.map(word => word.slice(0, 4))).size, 2048)
  t.is(checkWords(a).length, 6)
  t.deepEqual(checkWords(a), checkWords(a))
  t.notDeepEqual(checkWords(a), checkWords(b))
  // the first 66 bits, by another way
  const digest = createHash('sha256').update('confrere/1/contact-words').update(signers[0]!.id).digest()
  const bits = [...digest].map(byte => byte.toString(2).padStart(8, '0')).join('')
  t.deepEqual(
    checkWords(a),
    Array.from({ length: 6 }, (_, at) => CHECK_WORD_LIST[Number.parseInt(bits.slice(11 * at, 11 * at + 11), 2)]),
  )
})

test('a proof holds for its key, side, peers and nonces alone', t => {
  const [key, one, two] = [7, 1, 2].map(byte => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array, Uint8Array]
  const transcript = { inviter: a, joiner: b, inviterNonce: one, joinerNonce: two }
  const proof = joinProof(key, 'joiner', transcript)
  t.true(isJoinProof(proof, joinProof(key, 'joiner', { ...transcript })))
  for (const other of [
    joinProof(key, 'inviter', transcript),
    joinProof(one, 'joiner', transcript),
    joinProof(key, 'joiner', { ...transcript, joiner: c }),
    joinProof(key, 'joiner', { ...transcript, inviter: c }),
    joinProof(key, 'joiner', { ...transcript, inviterNonce: two, joinerNonce: one }),
    new Uint8Array(0),
  ]) {
    t.false(isJoinProof(other, proof))
  }
})

test('bytes of strangers are a message or a ProtocolError, unknown fields are passed over', t => {
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .dictionary(
        fc.constantFrom('kind', 'card', 'nonce', 'proof', 'study', 'answers', 'known'),
        fc.oneof(fc.string(), fc.integer(), fc.uint8Array({ minLength: 32, maxLength: 32 })),
      )
      .map(fields => encode(fields)),
  )
  for (const read of [
    decodeFirst,
    decodeChallenge,
    decodeProven,
    decodeWelcome,
    decodeProposalRequest,
    decodeProposalReply,
    readAnswer,
  ]) {
    fc.assert(
      fc.property(value, bytes => {
        try {
          read(bytes)
        } catch (error) {
          t.true(error instanceof ProtocolError, String(error))
        }
      }),
    )
  }
  const card = cardOf({ name: 'Alder', addresses: [], version: '1' })
  t.like(decodeWelcome(encode({ card: { ...card, later: 1 }, more: true })), { card })
  const meeting = { kind: 'meet' as const, card, approves: null, introductions: [] }
  t.deepEqual(decodeFirst(encodeContact(meeting)), meeting)
  for (const wrong of [
    { ...meeting, card: { ...card, name: 'x'.repeat(401) } },
    { ...meeting, card: { ...card, addresses: Array.from({ length: 9 }, () => '/ip4/192.0.2.7/tcp/1') } },
    { ...meeting, introductions: [{ peer: 'nobody', card }] },
    { ...meeting, introductions: Array.from({ length: 65 }, () => ({ peer: a, card })) },
  ]) {
    t.throws(() => decodeFirst(encode(wrong)), { instanceOf: ProtocolError })
  }
  t.is(introducedOf(a, { ...card, version: '1.0\u001b[2J' }).version, '1.02J')
})

test('attempts are limited by address and in all, and wrong secrets close for a while', t => {
  const clock = handClock()
  const limits = new JoinLimits(clock)
  const tries = (host: string, times: number) =>
    Array.from({ length: times }, () => limits.attempts(host)).filter(Boolean).length
  t.is(tries('192.0.2.1', 20), 10)
  t.is(
    Array.from({ length: 100 }, (_, at) => tries(`198.51.100.${at}`, 1)).reduce((sum, count) => sum + count),
    50,
  )
  clock.turn(60_000)
  t.is(tries('192.0.2.1', 20), 10)
  clock.turn(60_000)
  for (let count = 0; count < WRONG_PER_HOST_MAX; count++) limits.wrong('192.0.2.1')
  t.is(tries('192.0.2.1', 1), 0)
  t.is(tries('192.0.2.2', 1), 1)
  clock.turn(CLOSED_MS)
  t.is(tries('192.0.2.1', 1), 1)
  for (let count = 0; count < WRONG_OF_ALL_MAX; count++) limits.wrong(`host ${count}`)
  t.true(limits.closed)
  t.is(tries('192.0.2.9', 1), 0)
  clock.turn(CLOSED_MS)
  t.false(limits.closed)
})

test('an answer counts as its hospital signed it, the newest first, and none from outside of the roster', t => {
  const study = 'ab'.repeat(32)
  const [first, second] = [1, 2].map(number => signAnswer(signers[0]!, { study, approves: number === 1, number }))
  t.deepEqual(readAnswer(first!.bytes), first)
  for (let at = 0; at < first!.bytes.length; at++) {
    t.throws(() => readAnswer(first!.bytes.map((byte, place) => (place === at ? byte ^ 1 : byte))), {
      instanceOf: ProtocolError,
    })
  }
  const stranger = signAnswer(signers[2]!, { study, approves: true, number: 9 })
  const other = signAnswer(signers[1]!, { study: 'cd'.repeat(32), approves: true, number: 9 })
  const merged = mergeAnswers(new Map(), [second!, first!, stranger, other], { study, peers: [a, b] })
  t.deepEqual([...merged], [[a, second]])
})
