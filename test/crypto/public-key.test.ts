// Claim: a PeerId whose key is of small order, or not canonically encoded, is no hospital's: anybody can sign for it.

import { randomBytes } from 'node:crypto'
import test from 'ava'
import { isSoundPublicKey } from '../../crypto/public-key.ts'
import { createSigner, peerOfPublicKey, publicKeyOfPeer, verifySignature } from '../../crypto/signature.ts'
import { applyChange, decodeChange, encodeChange } from '../../protocols/roster/change.ts'
import { createRoster } from '../../protocols/roster/roster.ts'
import { validateStudy } from '../../protocols/study/document.ts'
import { testSigners, testStudy } from '../helpers/study/study.ts'

const PRIME = 2n ** 255n - 19n

function littleEndian(y: bigint, sign: boolean): Uint8Array {
  const hex = (y + (sign ? 2n ** 255n : 0n)).toString(16).padStart(64, '0')
  return new Uint8Array(Buffer.from(hex, 'hex').reverse())
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let b = base % PRIME, e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * b) % PRIME
    b = (b * b) % PRIME
  }
  return result
}

/** y of all points of small order, worked out from the curve: a point of order 8 doubles to one with y = 0. */
function smallOrder(): bigint[] {
  const d = ((PRIME - 121665n) * power(121666n, PRIME - 2n)) % PRIME
  // doubling gives y = 0 where y² = −x²; then −x² + y² = 1 + d x² y² becomes d y⁴ + 2 y² − 1 = 0
  const root = power(1n + d, (PRIME + 3n) / 8n)
  const roots = [root, (root * power(2n, (PRIME - 1n) / 4n)) % PRIME].filter(r => (r * r) % PRIME === (1n + d) % PRIME)
  const squares = roots.flatMap(r => [r, PRIME - r]).map(r => ((PRIME - 1n + r) * power(d, PRIME - 2n)) % PRIME)
  const order8 = squares.flatMap(square => {
    const y = power(square, (PRIME + 3n) / 8n)
    const candidates = [y, (y * power(2n, (PRIME - 1n) / 4n)) % PRIME]
    return candidates.filter(c => (c * c) % PRIME === square).flatMap(c => [c, PRIME - c])
  })
  return [0n, 1n, PRIME - 1n, ...new Set(order8)]
}

const weak = [...smallOrder(), PRIME, PRIME + 1n, PRIME + 5n, 2n ** 255n - 1n]

test('the points of small order, worked out anew from the curve, are refused with either sign', t => {
  t.is(smallOrder().length, 5)
  for (const y of weak) {
    for (const sign of [false, true]) {
      const key = littleEndian(y, sign)
      t.false(isSoundPublicKey(key), Buffer.from(key).toString('hex'))
      t.throws(() => publicKeyOfPeer(peerOfPublicKey(key)), { code: 'bad-peer-id' })
      t.false(verifySignature(peerOfPublicKey(key), randomBytes(40), new Uint8Array(64)))
    }
  }
})

test('without a key nobody signs for such an identity, whatever the signature', t => {
  for (const y of smallOrder()) {
    const id = peerOfPublicKey(littleEndian(y, false))
    for (const r of smallOrder()) {
      for (let i = 0; i < 16; i++) {
        const signature = new Uint8Array(64)
        signature.set(littleEndian(r, false))
        t.false(verifySignature(id, randomBytes(40), signature))
      }
    }
  }
})

test('no roster and no study takes such a hospital', t => {
  const signers = testSigners(4)
  const document = testStudy(signers)
  for (const y of weak) {
    const id = peerOfPublicKey(littleEndian(y, false))
    const hospital = { id, name: 'Nobody', addresses: [] }
    t.throws(() =>
      applyChange(document, createRoster(document.hospitals), decodeChange(encodeChange({ kind: 'admit', hospital }))),
    )
    const hospitals = [...document.hospitals.slice(1), hospital].sort((a, b) => Buffer.compare(a.id, b.id))
    t.throws(() => validateStudy({ ...document, hospitals }), { code: 'malformed-study' })
  }
})

test('keys that are drawn as they should be are sound', t => {
  for (let i = 0; i < 200; i++) t.true(isSoundPublicKey(publicKeyOfPeer(createSigner(randomBytes(32)).id)))
})
