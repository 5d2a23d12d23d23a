// Claims: of what is pulled only the bytes asked for are right, down to each bit, each path and each length; what is asked
// for names the session's layout; a request is served only for a session of our round; an answer's length has a bound.

import test from 'ava'
import fc from 'fast-check'
import { sha256 } from '../../../crypto/hash.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { FRAME_BYTES_MAX, PULL, PULL_ANSWER, parseFrame, UPLOAD } from '../../../protocols/exchange/frames.ts'
import { checkLength, isKnownPart, judgePulled, pullBytesMax, pullRequestOf } from '../../../protocols/exchange/pull.ts'
import { hex } from '../../../protocols/immutable.ts'
import { checkpointHash } from '../../../protocols/model/checkpoint.ts'
import { filledChunks } from '../../../protocols/session/chunks.ts'
import { judge, MEMBERS, ROUND } from '../evidence/signed-round.ts'
import { flipped, opening, signedRound, stateWith } from './exchanged.ts'

const state = stateWith(signedRound.manifests)
const sid = opening.sidHex
const blob = fc.uint8Array({ minLength: 1, maxLength: 200 })

test('a sum or checkpoint is right by its hash alone, and with any bit changed it is wrong', t => {
  fc.assert(
    fc.property(blob, fc.nat(), (bytes, bit) => {
      for (const [kind, hash] of [
        ['sum', sha256(bytes)],
        ['checkpoint', checkpointHash(bytes)],
      ] as const) {
        const wanted = { kind, hash: hex(hash) }
        t.is(judgePulled(state, wanted, { bytes, path: [] }, 0), 'right')
        t.is(judgePulled(state, wanted, { bytes: flipped(bytes, bit), path: [] }, 0), 'wrong')
        const short = bytes.subarray(1)
        const verdict = short.length === 0 ? 'absent' : 'wrong'
        t.is(judgePulled(state, wanted, { bytes: short, path: [] }, 0), verdict)
      }
    }),
  )
})

test('a sum is not taken for a checkpoint of the same bytes', t => {
  const bytes = Uint8Array.of(1, 2, 3)
  t.is(judgePulled(state, { kind: 'checkpoint', hash: hex(sha256(bytes)) }, { bytes, path: [] }, 0), 'wrong')
})

test('every part that its contributor has committed to is right, and as another’s it is wrong', t => {
  for (const member of MEMBERS) {
    for (const { index: chunk } of filledChunks(opening)) {
      const { words: bytes, path } = signedRound.masked(member, chunk)
      t.is(judgePulled(state, { kind: 'chunk', sid, chunk, member }, { bytes, path }, member), 'right')
      const other = member === 0 ? 1 : 0
      t.is(judgePulled(state, { kind: 'chunk', sid, chunk, member: other }, { bytes, path }, other), 'wrong')
      t.is(judgePulled(state, { kind: 'chunk', sid, chunk: chunk + 1, member }, { bytes, path }, member), 'wrong')
      t.is(judgePulled(state, { kind: 'chunk', sid, chunk, member }, { bytes, path: path.slice(1) }, member), 'wrong')
    }
  }
})

test('a part with a changed bit or another length is wrong', t => {
  const wanted = { kind: 'chunk', sid, chunk: 0, member: 1 } as const
  const { words: bytes, path } = signedRound.masked(1, 0)
  fc.assert(
    fc.property(fc.nat(), bit => t.is(judgePulled(state, wanted, { bytes: flipped(bytes, bit), path }, 1), 'wrong')),
  )
  for (const length of [bytes.length - 4, bytes.length + 4]) {
    t.is(judgePulled(state, wanted, { bytes: new Uint8Array(length), path }, 1), 'wrong')
    t.is(judgePulled(state, wanted, { bytes: new Uint8Array(length), path }, 2), 'wrong', 'the layout is known to all')
  }
})

test('a part of an unknown session, or without its MANIFEST, cannot be judged', t => {
  const { words: bytes, path } = signedRound.masked(1, 0)
  const wanted = { kind: 'chunk', sid, chunk: 0, member: 1 } as const
  t.is(judgePulled(stateWith([]), wanted, { bytes, path }, 1), 'useless')
  t.is(judgePulled(state, { ...wanted, sid: '0'.repeat(64) }, { bytes, path }, 1), 'useless')
})

test('a part that does not fit its MANIFEST is held against its maker alone, who may have shown others another one', t => {
  const wanted = { kind: 'chunk', sid, chunk: 0, member: 1 } as const
  const { words, path } = signedRound.masked(1, 0)
  const pulled = { bytes: flipped(words, 0), path }
  t.is(judgePulled(state, wanted, pulled, 1), 'wrong')
  for (const from of [0, 2, 3]) t.is(judgePulled(state, wanted, pulled, from), 'useless')
})

test('an answer of no bytes says that nothing is there, and is right where a sum of no words is claimed', t => {
  const nothing = { bytes: new Uint8Array(0), path: [] }
  const other = hex(sha256(Uint8Array.of(1)))
  t.is(judgePulled(state, { kind: 'sum', hash: hex(sha256(nothing.bytes)) }, nothing, 0), 'right')
  t.is(judgePulled(state, { kind: 'sum', hash: other }, nothing, 0), 'absent')
  t.is(judgePulled(state, { kind: 'checkpoint', hash: other }, nothing, 0), 'absent')
  t.is(judgePulled(state, { kind: 'chunk', sid, chunk: 0, member: 1 }, nothing, 1), 'absent')
})

test('a request is a frame that its reader takes, and that it serves when it knows the session', t => {
  const request = pullRequestOf(state, { kind: 'chunk', sid, chunk: 2, member: 4 })
  t.deepEqual(request, { kind: 'chunk', round: ROUND, sid, chunk: 2, owners: opening.owners.length, member: 4 })
  t.deepEqual(parseFrame(PULL, encode(request!)), request)
  t.true(request?.kind === 'chunk' && isKnownPart(state, request))
  const hash = '5'.repeat(64)
  t.deepEqual(pullRequestOf(state, { kind: 'sum', hash }), { kind: 'sum', hash })
  t.is(pullRequestOf(state, { kind: 'chunk', sid: hash, chunk: 2, member: 4 }), undefined)
})

test('a request for another round, session or layout is not served', t => {
  const right = { round: ROUND, sid, owners: opening.owners.length }
  t.true(isKnownPart(state, right))
  t.false(isKnownPart(state, { ...right, round: ROUND - 1 }))
  t.false(isKnownPart(state, { ...right, sid: '0'.repeat(64) }))
  t.false(isKnownPart(state, { ...right, owners: right.owners - 1 }))
})

test('an answer is read up to what a sum, part or checkpoint of the model can hold', t => {
  const { dimension } = judge
  const hash = '0'.repeat(64)
  t.is(pullBytesMax({ kind: 'sum', hash }, dimension), 4 * dimension)
  t.is(pullBytesMax({ kind: 'chunk', sid, chunk: 0, member: 0 }, dimension), 4 * dimension)
  t.is(pullBytesMax({ kind: 'checkpoint', hash }, dimension), 14 * dimension + 65_536)
  const sum = { kind: 'sum', hash } as const
  t.notThrows(() => checkLength(4 * dimension, sum, dimension))
  t.throws(() => checkLength(4 * dimension + 1, sum, dimension), { instanceOf: ProtocolError, code: 'too-long' })
})

test('no bytes make a frame reader fail otherwise than with a ProtocolError', t => {
  const wire = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.dictionary(fc.constantFrom('kind', 'hash', 'sid', 'length', 'path', 'manifest', 'x'), fc.nat()).map(encode),
  )
  fc.assert(
    fc.property(wire, bytes => {
      for (const schema of [PULL, PULL_ANSWER, UPLOAD]) {
        try {
          parseFrame(schema as typeof PULL, bytes)
        } catch (error) {
          t.true(error instanceof ProtocolError)
        }
      }
    }),
  )
  t.throws(() => parseFrame(PULL, new Uint8Array(FRAME_BYTES_MAX + 1)), { instanceOf: ProtocolError })
})
