import test from 'ava'
import { genesisHash, proposerIndex, resultHash, sessionId, voidHash } from '../../crypto/transcript.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import vectors from '../vectors/transcript.json' with { type: 'json' }

const study = fromHex(vectors.study)
const previous = fromHex(vectors.genesis)
const open = fromHex(vectors.open)

test('the chain’s hashes are the documented ones', t => {
  t.is(toHex(genesisHash(study)), vectors.genesis)
  t.is(toHex(resultHash({ previous, value: fromHex(vectors.value) })), vectors.result)
  for (const { round, hash } of vectors.void) t.is(toHex(voidHash({ previous, round })), hash)
})

test('the proposer is the documented one, in exact 64-bit arithmetic', t => {
  for (const { index, ...place } of vectors.proposers) t.is(proposerIndex({ study, ...place }), index)
})

test('views go round the whole roster', t => {
  const seen = Array.from({ length: 7 }, (_, view) => proposerIndex({ study, round: 3, view, count: 7 }))
  t.is(new Set(seen).size, 7)
})

test('session ids are the documented ones, and every input changes them', t => {
  for (const { round, view, sid } of vectors.sessions) t.is(toHex(sessionId({ study, round, view, open })), sid)
  const ids = [
    sessionId({ study, round: 1, view: 0, open }),
    sessionId({ study, round: 0, view: 1, open }),
    sessionId({ study, round: 1, view: 1, open }),
    sessionId({ study: open, round: 1, view: 0, open }),
    sessionId({ study, round: 1, view: 0, open: study }),
  ]
  t.is(new Set(ids.map(toHex)).size, ids.length)
})

test('lengths and ranges are checked', t => {
  const short = new Uint8Array(31)
  t.throws(() => genesisHash(short), { code: 'length-mismatch' })
  t.throws(() => resultHash({ previous: short, value: study }), { code: 'length-mismatch' })
  t.throws(() => voidHash({ previous: short, round: 1 }), { code: 'length-mismatch' })
  t.throws(() => voidHash({ previous, round: -1 }), { code: 'out-of-range' })
  t.throws(() => sessionId({ study, round: 1, view: 0, open: short }), { code: 'length-mismatch' })
  t.throws(() => sessionId({ study, round: 1, view: 2 ** 32, open }), { code: 'out-of-range' })
  t.throws(() => proposerIndex({ study: short, round: 1, view: 0, count: 1 }), { code: 'length-mismatch' })
  t.throws(() => proposerIndex({ study, round: 1, view: 0, count: 0 }), { code: 'out-of-range' })
  t.throws(() => proposerIndex({ study, round: 1, view: -1, count: 3 }), { code: 'out-of-range' })
})
