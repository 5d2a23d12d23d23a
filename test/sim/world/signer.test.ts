// Claims: simulated signatures are as long as real ones, verify for what was signed and nothing else, and nobody makes
// one in another's name; simulated key agreement gives both ends the same, and agrees with the real one on strange keys.

import test from 'ava'
import { seal } from '../../../crypto/envelope.ts'
import { agree, publicKeyOf } from '../../../crypto/key-agreement.ts'
import { PEER_ID_BYTES, SIGNATURE_BYTES, type Signer } from '../../../crypto/signature.ts'
import { KeyExchange } from '../../../sim/world/key-exchange.ts'
import { Random } from '../../../sim/world/random.ts'
import { createKeyring } from '../../../sim/world/signer.ts'

const BODY = Buffer.from('a body')

test('a signature verifies for its body and its signer, and for nothing else', t => {
  const { signers, verify } = createKeyring(3, new Random('keys'))
  const [one, other] = signers as [Signer, Signer]
  const envelope = seal(one, BODY)
  t.is(envelope.signature.length, SIGNATURE_BYTES)
  t.is(envelope.signer.length, PEER_ID_BYTES)
  t.true(verify(envelope))
  t.false(verify({ ...envelope, body: Buffer.from('b body') }))
  t.false(verify({ ...envelope, signer: other.id }))
  t.false(verify({ ...envelope, signature: seal(other, BODY).signature }))
  t.false(verify({ ...envelope, signature: envelope.signature.subarray(1) }))
  const [stranger] = createKeyring(1, new Random('others')).signers as [Signer]
  t.false(verify(seal(stranger, BODY)))
})

test('signers are in the order of a roster, the same for one seed', t => {
  const ids = (label: string) =>
    createKeyring(10, new Random(label)).signers.map(({ id }) => Buffer.from(id).toString('hex'))
  t.deepEqual(ids('a'), ids('a'))
  t.deepEqual(ids('a'), [...ids('a')].sort())
  t.notDeepEqual(ids('a'), ids('b'))
})

test('both ends agree on the same key, each pair on its own', t => {
  const exchange = new KeyExchange()
  const [a, b, c] = [1, 2, 3].map(byte => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array, Uint8Array]
  for (const secret of [a, b]) exchange.learn(secret, publicKeyOf(secret))
  t.deepEqual(exchange.agree(a, publicKeyOf(b)), exchange.agree(b, publicKeyOf(a)))
  t.notDeepEqual(exchange.agree(a, publicKeyOf(b)), agree(a, publicKeyOf(b)), 'the fast one')
  t.deepEqual(exchange.agree(a, publicKeyOf(c)), agree(a, publicKeyOf(c)), 'of c nothing is known')
  t.deepEqual(exchange.agree(c, publicKeyOf(a)), agree(a, publicKeyOf(c)))
  exchange.learn(c, publicKeyOf(c))
  t.notDeepEqual(exchange.agree(a, publicKeyOf(c)), exchange.agree(a, publicKeyOf(b)))
})
