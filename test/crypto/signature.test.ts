import test from 'ava'
import fc from 'fast-check'
import { createSigner, peerOfPublicKey, publicKeyOfPeer, verifySignature } from '../../crypto/signature.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import { seededBytes } from '../helpers/seeded-rng.ts'
import vectors from '../vectors/signature.json' with { type: 'json' }

/** The order of the base point, RFC 8032. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

test('Ed25519 is that of RFC 8032, section 7.1', t => {
  for (const { seed, public: publicKey, message, signature } of vectors.rfc8032) {
    const signer = createSigner(fromHex(seed))
    t.is(toHex(publicKeyOfPeer(signer.id)), publicKey)
    t.is(toHex(signer.sign(fromHex(message))), signature)
    t.true(verifySignature(signer.id, fromHex(message), fromHex(signature)))
  }
})

test('a raw PeerId is the one of libp2p’s specification', t => {
  const { id } = createSigner(fromHex(vectors.peer.seed))
  t.is(toHex(id), vectors.peer.id)
  t.deepEqual(peerOfPublicKey(publicKeyOfPeer(id)), id)
})

test('any changed bit of message, signature or id fails', t => {
  const signer = createSigner(seededBytes('signer', 32))
  const message = seededBytes('message', 38)
  const signature = signer.sign(message)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 64 * 8 - 1 }), bit => {
      const flip = (bytes: Uint8Array): Uint8Array => {
        const at = bit % (8 * bytes.length)
        return bytes.map((b, i) => (i === at >> 3 ? b ^ (1 << (at & 7)) : b))
      }
      t.true(verifySignature(signer.id, message, signature))
      t.false(verifySignature(signer.id, flip(message), signature))
      t.false(verifySignature(signer.id, message, flip(signature)))
      t.false(verifySignature(flip(signer.id), message, signature))
    }),
  )
})

test('a signature cannot be changed into another valid one: s + L is refused', t => {
  const signer = createSigner(seededBytes('signer', 32))
  const message = seededBytes('message', 38)
  const signature = signer.sign(message)
  const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + GROUP_ORDER
  const malleated = signature.slice()
  malleated.set(fromHex(s.toString(16).padStart(64, '0')).reverse(), 32)
  t.false(verifySignature(signer.id, message, malleated))
})

test('a verifier answers false, and never throws, on whatever a peer may send', t => {
  const signer = createSigner(seededBytes('signer', 32))
  const message = new Uint8Array(3)
  const signature = signer.sign(message)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      t.false(verifySignature(bytes, message, signature))
      t.false(verifySignature(signer.id, message, bytes))
    }),
  )
  t.false(verifySignature(signer.id.subarray(0, 37), message, signature))
  t.false(verifySignature(peerOfPublicKey(new Uint8Array(32).fill(0xff)), message, signature))
})

test('an id that is not an Ed25519 PeerId has no key', t => {
  const { id } = createSigner(seededBytes('signer', 32))
  for (let i = 0; i < 6; i++) {
    const other = id.slice()
    other[i]! ^= 1
    t.throws(() => publicKeyOfPeer(other), { code: 'bad-peer-id' })
  }
  t.throws(() => publicKeyOfPeer(id.subarray(1)), { code: 'bad-peer-id' })
  t.throws(() => createSigner(new Uint8Array(31)), { code: 'length-mismatch' })
  t.throws(() => peerOfPublicKey(new Uint8Array(33)), { code: 'length-mismatch' })
})

test('verification stays right when more peers than the cache holds pass through', t => {
  const signer = createSigner(seededBytes('signer', 32))
  const signature = signer.sign(Uint8Array.of(1))
  for (let i = 0; i < 1100; i++) {
    t.false(verifySignature(peerOfPublicKey(seededBytes(`stranger ${i}`, 32)), Uint8Array.of(1), signature))
  }
  t.true(verifySignature(signer.id, Uint8Array.of(1), signature))
})
