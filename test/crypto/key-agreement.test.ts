import test from 'ava'
import { agree, isLowOrder, publicKeyOf } from '../../crypto/key-agreement.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import { seededBytes } from '../helpers/seeded-rng.ts'
import vectors from '../vectors/key-agreement.json' with { type: 'json' }

const alice = { secret: fromHex(vectors.alice.secret), public: fromHex(vectors.alice.public) }
const bob = { secret: fromHex(vectors.bob.secret), public: fromHex(vectors.bob.public) }

test('X25519 is that of RFC 7748, section 6.1', t => {
  t.is(toHex(publicKeyOf(alice.secret)), vectors.alice.public)
  t.is(toHex(publicKeyOf(bob.secret)), vectors.bob.public)
  t.is(toHex(agree(alice.secret, bob.public)), vectors.shared)
  t.is(toHex(agree(bob.secret, alice.public)), vectors.shared)
})

test('both ends agree, whatever the secrets', t => {
  for (let i = 0; i < 20; i++) {
    const [a, b] = [seededBytes(`a${i}`, 32), seededBytes(`b${i}`, 32)]
    t.deepEqual(agree(a, publicKeyOf(b)), agree(b, publicKeyOf(a)))
    t.notDeepEqual(agree(a, publicKeyOf(b)), agree(a, publicKeyOf(a)))
  }
})

test('a public key of low order is refused by its code, for every point of low order', t => {
  for (const point of vectors.lowOrder) {
    t.throws(() => agree(alice.secret, fromHex(point)), { code: 'low-order-key' }, point)
    t.true(isLowOrder(fromHex(point)), point)
    // RFC 7748: the highest bit is ignored, so the same point may come in two guises
    const masked = fromHex(point)
    masked[31]! |= 0x80
    t.throws(() => agree(alice.secret, masked), { code: 'low-order-key' }, point)
    t.true(isLowOrder(masked), point)
  }
  t.false(isLowOrder(alice.public))
  t.false(isLowOrder(bob.public))
})

test('keys of another length are refused', t => {
  t.throws(() => publicKeyOf(new Uint8Array(31)), { code: 'length-mismatch' })
  t.throws(() => agree(new Uint8Array(33), bob.public), { code: 'length-mismatch' })
  t.throws(() => agree(alice.secret, new Uint8Array(0)), { code: 'length-mismatch' })
  t.throws(() => isLowOrder(new Uint8Array(31)), { code: 'length-mismatch' })
})
