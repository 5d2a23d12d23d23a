import test from 'ava'
import fc from 'fast-check'
import { seal, verifyEnvelope } from '../../crypto/envelope.ts'
import { createSigner } from '../../crypto/signature.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import { seededBytes } from '../helpers/seeded-rng.ts'
import vectors from '../vectors/envelope.json' with { type: 'json' }

test('the signature is Ed25519 over tag ‖ 0x00 ‖ SHA-256(body)', t => {
  const envelope = seal(createSigner(fromHex(vectors.seed)), fromHex(vectors.body))
  t.is(toHex(envelope.signer), vectors.signer)
  t.is(toHex(envelope.signature), vectors.signature)
  t.true(verifyEnvelope(envelope))
})

test('an envelope rejects any changed byte of body, signer or signature', t => {
  const signer = createSigner(seededBytes('signer', 32))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (body, pick, change) => {
      const envelope = seal(signer, body)
      const altered = (bytes: Uint8Array): Uint8Array =>
        bytes.map((byte, i) => (i === pick % bytes.length ? byte ^ change : byte))
      t.true(verifyEnvelope(envelope))
      if (body.length > 0) t.false(verifyEnvelope({ ...envelope, body: altered(body) }))
      t.false(verifyEnvelope({ ...envelope, body: Uint8Array.of(...body, 0) }))
      t.false(verifyEnvelope({ ...envelope, signer: altered(envelope.signer) }))
      t.false(verifyEnvelope({ ...envelope, signature: altered(envelope.signature) }))
    }),
  )
})

test('another peer’s signature, a bare one over the body, and malformed parts are false, not exceptions', t => {
  const [signer, other] = [createSigner(seededBytes('one', 32)), createSigner(seededBytes('two', 32))]
  const body = seededBytes('body', 40)
  const envelope = seal(signer, body)
  t.false(verifyEnvelope({ ...envelope, signer: other.id }))
  t.false(verifyEnvelope({ ...envelope, signature: signer.sign(body) }))
  t.false(verifyEnvelope({ ...envelope, signature: new Uint8Array(0) }))
  t.false(verifyEnvelope({ ...envelope, signer: new Uint8Array(0) }))
})
