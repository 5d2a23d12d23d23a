// Claims of protocols/prediction/: a message, a pass or an answer that was changed is refused; whatever bytes come, the
// parsers end with a ProtocolError.

import test from 'ava'
import fc from 'fast-check'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { CLIENT_PASS_BYTES_MAX, issuePass, openPass } from '../../../protocols/prediction/client-pass.ts'
import {
  decodePredictionMessage,
  decodePredictionReply,
  encodePrediction,
  GREETING_BYTES_MAX,
  openProducts,
  REQUEST_BYTES_MAX,
  SHARES_PER_REQUEST_MAX,
  sharesPerRequest,
  signProducts,
} from '../../../protocols/prediction/messages.ts'
import { PREDICTION_REFUSALS, predictionRefusalText } from '../../../protocols/prediction/refusal.ts'
import { testSigners } from '../../helpers/study/study.ts'

const [hospital, other, client] = testSigners(3) as [ReturnType<typeof testSigners>[0], never, never]
const bytes = (value: number, length = 32) => new Uint8Array(length).fill(value)
const terms = {
  ...{ study: bytes(1), client: (client as typeof hospital).id, checkpoint: bytes(2), round: 7 },
  ...{ normalisation: bytes(3), weightNorm: 1.5, expires: 1_900_000_000_000 },
}
const RUNS = { seed: 65, numRuns: 500 }

test('a pass says what its hospital has signed, and one changed byte anywhere makes it none', t => {
  const pass = issuePass(hospital, terms)
  t.deepEqual(openPass(pass.bytes), pass)
  t.true(pass.bytes.length < CLIENT_PASS_BYTES_MAX)
  for (let at = 0; at < pass.bytes.length; at++) {
    const changed = pass.bytes.slice()
    changed[at]! ^= 1
    t.throws(() => openPass(changed), { code: 'bad-pass' })
  }
})

test('an answer is bound to its hospital, study, checkpoint and share, and to its words', t => {
  const about = { study: bytes(1), checkpoint: bytes(2), share: bytes(9, 64) }
  const products = BigUint64Array.of(3n, 2n ** 64n - 1n)
  const answer = signProducts(hospital, about, products)
  const from = { hospital: hospital.id, classes: 2 }
  t.deepEqual(openProducts(answer, about, from), products)
  const bad = { code: 'bad-answer' }
  for (const changed of [{ study: bytes(8) }, { checkpoint: bytes(8) }, { share: bytes(8, 64) }]) {
    t.throws(() => openProducts(answer, { ...about, ...changed }, from), bad)
  }
  t.throws(() => openProducts(answer, about, { ...from, hospital: (other as typeof hospital).id }), bad)
  t.throws(() => openProducts(answer, about, { ...from, classes: 3 }), bad)
  t.throws(() => openProducts({ ...answer, words: bytes(0, 16) }, about, from), bad)
})

test('messages and replies come back as they were', t => {
  const shares = [bytes(1, 16), bytes(2, 16)]
  for (const message of [{ pass: bytes(1, 200) }, { checkpoint: bytes(2), shares }]) {
    t.deepEqual(decodePredictionMessage(encodePrediction(message)), message)
  }
  const answers = [{ words: bytes(1, 16), signature: bytes(2, 64) }]
  for (const said of [{ refused: 'busy' as const }, { welcome: true as const }, { answers }]) {
    t.deepEqual(decodePredictionReply(encodePrediction(said)), said)
  }
})

test('messages beyond the limits are refused', t => {
  const many = Array.from({ length: SHARES_PER_REQUEST_MAX + 1 }, () => bytes(1, 8))
  for (const value of [
    { checkpoint: bytes(2), shares: many },
    { checkpoint: bytes(2), shares: [] },
    { checkpoint: bytes(2, 31), shares: [bytes(1, 8)] },
    { pass: bytes(1, CLIENT_PASS_BYTES_MAX + 1) },
    { pass: bytes(1), more: 1 },
  ])
    t.throws(() => decodePredictionMessage(encode(value)), { instanceOf: ProtocolError })
  t.throws(() => decodePredictionReply(encode({ refused: 'whatever' })), { code: 'bad-request' })
  t.true(issuePass(hospital, terms).bytes.length < GREETING_BYTES_MAX)
  t.is(sharesPerRequest(785), SHARES_PER_REQUEST_MAX)
  t.is(sharesPerRequest(2 ** 20), 1)
  t.is(sharesPerRequest(2 ** 21), 0)
  t.true(REQUEST_BYTES_MAX > 8 * 2 ** 20)
})

test('whatever bytes come, parsers return or end with a ProtocolError', t => {
  const pass = issuePass(hospital, terms).bytes
  const seeds = [pass, encodePrediction({ pass }), encodePrediction({ checkpoint: bytes(2), shares: [bytes(1, 16)] })]
  seeds.push(encodePrediction({ answers: [{ words: bytes(1, 16), signature: bytes(2, 64) }] }))
  const cut = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([seed, changes, length]) => {
      const changed = seed.slice(0, 1 + (length % seed.length))
      for (const [at, value] of changes) changed[at % changed.length] = value
      return changed
    })
  const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), cut)
  fc.assert(
    fc.property(anything, input => {
      for (const parse of [openPass, decodePredictionMessage, decodePredictionReply]) {
        try {
          parse(input)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
        }
      }
    }),
    RUNS,
  )
  t.pass()
})

test('every refusal has its words', t => {
  const words = PREDICTION_REFUSALS.map(predictionRefusalText)
  t.is(new Set(words).size, PREDICTION_REFUSALS.length)
})
