// Claims: an owner takes in exactly the chunk that the uploader's MANIFEST commits to, of a session whose owner it is; it
// signs no receipt before it counts on the part, and none to whom it reported missing; a contributor takes a receipt
// only of the owner it sent to, and for exactly what it sent.

import test from 'ava'
import fc from 'fast-check'
import { sha256 } from '../../../crypto/hash.ts'
import {
  checkBytes,
  checkHeader,
  checkManifest,
  checkReceipt,
  isFarAhead,
  receiptDue,
  UPLOAD_VIEWS_AHEAD_MAX,
} from '../../../protocols/exchange/upload.ts'
import { filledChunks } from '../../../protocols/session/chunks.ts'
import { HOSPITALS, IDLE_OWNER, judge, MEMBERS, ready, signers } from '../evidence/signed-round.ts'
import { flipped, manifestOf, opened, opening, signedRound, stateWith } from './exchanged.ts'

const sid = opening.sidHex
const [contributor, owner] = [1, 0]
const index = signedRound.chunkAt(owner, 0)
const { words: bytes, path } = signedRound.masked(contributor, index)
const manifest = manifestOf(contributor)
const length = bytes.length

test('the uploader’s own MANIFEST of the session is taken', t => {
  t.is(checkManifest(manifest, { from: contributor, sid }), manifest)
})

test('another’s MANIFEST, one of another session, and another message are refused', t => {
  t.throws(() => checkManifest(manifest, { from: 2, sid }), { code: 'bad-manifest' })
  t.throws(() => checkManifest(manifest, { from: contributor, sid: '0'.repeat(64) }), { code: 'bad-manifest' })
  t.throws(() => checkManifest(opened(ready(contributor)), { from: contributor, sid }), { code: 'bad-manifest' })
})

test('a header names a chunk of ours, from a contributor, of its length', t => {
  t.is(checkHeader(opening, { self: owner, from: contributor, index, length }).index, index)
})

test('a header is refused for another’s chunk, an empty one, none, a stranger’s, or another length', t => {
  const right = { self: owner, from: contributor, index, length }
  const outside = [...Array(HOSPITALS).keys()].find(member => !MEMBERS.includes(member as 0)) as number
  const empty = signedRound.chunkAt(IDLE_OWNER, 0)
  for (const wrong of [
    { self: 2 },
    { self: IDLE_OWNER, index: empty, length: 0 },
    { index: -1 },
    { index: 99 },
    { from: outside },
    { length: length - 4 },
    { length: length + 1 },
    { length: 0 },
  ]) {
    t.throws(() => checkHeader(opening, { ...right, ...wrong }), { code: 'bad-chunk' }, JSON.stringify(wrong))
  }
})

test('sessions up to two views ahead are taken in, later ones are not', t => {
  const state = stateWith([])
  t.false(isFarAhead({ ...opening, view: UPLOAD_VIEWS_AHEAD_MAX }, state))
  t.true(isFarAhead({ ...opening, view: UPLOAD_VIEWS_AHEAD_MAX + 1 }, state))
})

test('every contributor’s every chunk is what its MANIFEST commits to', t => {
  for (const member of MEMBERS) {
    for (const { index } of filledChunks(opening)) {
      const { words, path } = signedRound.masked(member, index)
      t.deepEqual(checkBytes(opening, { manifest: manifestOf(member), index, bytes: words, path }), sha256(words))
    }
  }
})

test('one changed bit of a chunk or of its path is found', t => {
  const right = { manifest, index, bytes, path }
  const bit = fc.nat()
  fc.assert(
    fc.property(bit, at => {
      t.throws(() => checkBytes(opening, { ...right, bytes: flipped(bytes, at) }), { code: 'chunk-mismatch' })
      const other = path.map((hash, level) => (level === at % path.length ? flipped(hash, at) : hash))
      t.throws(() => checkBytes(opening, { ...right, path: other }), { code: 'chunk-mismatch' })
    }),
  )
})

test('a chunk in another’s place, under another’s MANIFEST or with another path is refused', t => {
  const right = { manifest, index, bytes, path }
  for (const wrong of [
    { manifest: manifestOf(2) },
    { index: index + 1 },
    { path: [] },
    { path: path.slice(1) },
    { path: [...path, new Uint8Array(32)] },
    { path: path.map(hash => hash.subarray(1)) },
    { bytes: bytes.subarray(4) },
  ]) {
    t.throws(() => checkBytes(opening, { ...right, ...wrong }), { code: 'chunk-mismatch' })
  }
})

test('a receipt is due once the part is held, for nobody who was reported missing, and in this round only', t => {
  const asked = { sid, index, self: owner, from: contributor }
  t.is(receiptDue(stateWith([]), asked), 'wait')
  t.is(receiptDue(stateWith([], [`${index}/2`]), asked), 'wait')
  t.is(receiptDue(stateWith([], [`${index}/${contributor}`]), asked), 'due')
  const reported = [signedRound.missing(owner, [contributor])]
  t.is(receiptDue(stateWith(reported, [`${index}/${contributor}`]), asked), 'late')
  t.is(receiptDue(stateWith([signedRound.missing(owner, [2])], [`${index}/${contributor}`]), asked), 'due')
  t.is(receiptDue(stateWith([]), { ...asked, sid: '0'.repeat(64) }), 'over')
})

const asked = {
  owner,
  sid: opening.sid,
  chunk: index,
  contributor: signers[contributor]!.id,
  hash: sha256(bytes),
}

test('the owner’s receipt for what was sent is taken', t => {
  t.notThrows(() => checkReceipt(signedRound.receipt(owner, contributor), judge, asked))
})

test('a receipt of another owner, or with any other field, is refused', t => {
  const zero = new Uint8Array(32)
  const wrongs = [
    signedRound.receipt(2, contributor, { chunk: index, hash: asked.hash }),
    signedRound.receipt(owner, contributor, { sid: zero }),
    signedRound.receipt(owner, contributor, { chunk: index + 1 }),
    signedRound.receipt(owner, contributor, { hash: zero }),
    signedRound.receipt(owner, contributor, { contributor: signers[2]!.id }),
    signedRound.receipt(owner, contributor, { study: zero }),
    manifest.bytes,
  ]
  for (const wire of wrongs) t.throws(() => checkReceipt(wire, judge, asked), { code: 'bad-receipt' })
})
