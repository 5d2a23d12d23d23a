// Claims of node/prediction/via/ over real libp2p: a client with a pass gets the model's logits; a stranger, an expired, a
// revoked, another's or another study's pass, another checkpoint and too many requests are refused, in words at both ends;
// a stranger without a pass gets no further than to show one.

import { randomBytes } from 'node:crypto'
import test from 'ava'
import { createSigner } from '../../../../crypto/signature.ts'
import { createHost } from '../../../../node/network/libp2p-host.ts'
import { ask } from '../../../../node/network/request-reply.ts'
import { GUESTS_MAX, Guests } from '../../../../node/prediction/via/guests.ts'
import { revokePass } from '../../../../node/prediction/via/pass-book.ts'
import type { OpenedPass } from '../../../../node/prediction/via/pass-file.ts'
import { PrivateScorer } from '../../../../node/prediction/via/private-scorer.ts'
import { ViaClient } from '../../../../node/prediction/via/via-client.ts'
import { peerIdString } from '../../../../node/storage/identity.ts'
import { issuePass } from '../../../../protocols/prediction/client-pass.ts'
import {
  decodePredictionReply,
  encodePrediction,
  GREETING_BYTES_MAX,
  PREDICTION_PROTOCOL,
  type PredictionMessage,
  REPLY_BYTES_MAX,
} from '../../../../protocols/prediction/messages.ts'
import { handClock } from '../../../helpers/hand-clock.ts'
import { predictionStudy, servePredictions, systemRng } from '../../../helpers/prediction-hospitals.ts'

const DAY_MS = 24 * 3600 * 1000
const VECTOR = [...Array.from({ length: 30 }, (_, at) => Math.sin(at)), 1]

async function viaClient(t: { teardown(work: () => Promise<void>): void }, pass: OpenedPass): Promise<ViaClient> {
  const client = await ViaClient.open(pass)
  t.teardown(() => client.close())
  return client
}

test('a client with a pass of one hospital gets the logits of all three, and no hospital logs anything of it', async t => {
  const study = await predictionStudy(t, 3)
  for (const hospital of study.hospitals) await servePredictions(t, study, hospital)
  const pass = await study.pass(study.hospitals[1]!)
  const client = await viaClient(t, pass)
  const told: string[] = []
  const scorer = await PrivateScorer.open({ pass, client, rng: systemRng, tell: text => void told.push(text) })
  t.is(scorer.hospitals.length, 3, told.join('\n'))
  const [found] = await scorer.logits([VECTOR])
  for (const row of [0, 1]) {
    const plain = VECTOR.reduce((sum, value, at) => sum + value * study.parameters[at * 2 + row]!, 0)
    t.true(Math.abs(found![row]! - plain) < 1e-6)
  }
  t.deepEqual(
    study.hospitals.flatMap(({ refusals }) => refusals),
    [],
  )
})

test('a checkpoint that has moved on, and hospitals that do not serve, are named at the client', async t => {
  const study = await predictionStudy(t, 3)
  const [first, second] = study.hospitals as [never, never]
  for (const hospital of [first, second]) await servePredictions(t, study, hospital)
  const pass = await study.pass(first)
  await study.setRound(4, [second])
  const client = await viaClient(t, pass)
  const error = await t.throwsAsync(PrivateScorer.open({ pass, client, rng: systemRng, tell() {} }), {
    code: 'too-few-hospitals',
  })
  t.regex(error!.message, /1 hospitals answer, and at least 2 are needed/)
  t.regex(error!.message, /Hospital 1 .*another checkpoint than the hospital has now: ask for a new pass/)
  t.regex(error!.message, /Hospital 2 .*the pass has no address of it/)
  t.regex(study.hospitals[1]!.refusals.join(), /a client of predictions was refused: .*another checkpoint/)
})

test('passes that are expired, revoked, of another client, issuer or study, or damaged are refused in words', async t => {
  const study = await predictionStudy(t, 3)
  const hospital = study.hospitals[0]!
  let now = Date.now()
  await servePredictions(t, study, hospital, { now: () => now })
  const pass = await study.pass(hospital, now)
  const said = async (bytes: Uint8Array): Promise<string | null> => {
    const client = await viaClient(t, { ...pass, pass: { ...pass.pass, bytes } })
    const [asked] = await client.greet()
    return asked!.refused
  }
  t.is(await said(pass.pass.bytes), null)
  const { issuer: _, bytes: __, ...terms } = pass.pass
  const { signer } = hospital.identity
  const changed = pass.pass.bytes.slice()
  changed[changed.length - 1]! ^= 1
  const stranger = createSigner(new Uint8Array(randomBytes(32)))
  for (const [bytes, words] of [
    [changed, /not one that a hospital has signed/],
    [issuePass(stranger, terms).bytes, /signed by a hospital that is no member of the study/],
    [issuePass(signer, { ...terms, client: stranger.id }).bytes, /another client's/],
    [issuePass(signer, { ...terms, study: new Uint8Array(32) }).bytes, /takes no part in that study/],
    [issuePass(signer, { ...terms, checkpoint: new Uint8Array(32) }).bytes, /for another checkpoint/],
    [issuePass(signer, { ...terms, weightNorm: terms.weightNorm / 2 }).bytes, /says of the checkpoint what is not so/],
  ] as const) {
    t.regex((await said(bytes))!, words)
    t.regex(hospital.refusals.at(-1)!, words)
  }
  now += 31 * DAY_MS
  t.regex((await said(pass.pass.bytes))!, /has expired/)
  now -= 31 * DAY_MS
  await revokePass(hospital.folder, peerIdString(pass.pass.client))
  t.regex((await said(pass.pass.bytes))!, /has taken the pass back/)
})

test('a client that asks for too much, or with shares of another length, is refused in words, also after a new connection', async t => {
  const study = await predictionStudy(t, 3)
  const hospital = study.hospitals[0]!
  await servePredictions(t, study, hospital, { perHour: 3 })
  const pass = await study.pass(hospital)
  const share = new Uint32Array(62)
  const [first, second] = [await viaClient(t, pass), await viaClient(t, pass)]
  await first.greet()
  const to = pass.hospitals[0]!
  await t.throwsAsync(first.products(to, [new Uint32Array(60)]), { message: /not as long as the records/ })
  t.is((await first.products(to, [share, share])).length, 2)
  await first.close()
  await second.greet()
  await t.throwsAsync(second.products(to, [share, share]), { message: /as many predictions as the hospital allows/ })
  t.is((await second.products(to, [share])).length, 1)
  t.regex(hospital.refusals.at(-1)!, /ask again later/)
})

test('a stranger gets no further than to show a pass, and sends no more than one may have', async t => {
  const study = await predictionStudy(t, 3)
  const hospital = study.hospitals[0]!
  const { host: server } = await servePredictions(t, study, hospital)
  const quiet = { listen: [], announce: [], bootstrap: [], mdns: false }
  const seed = new Uint8Array(randomBytes(32))
  const host = await createHost({ ...quiet, transport: 'tcp', seed }, { admits: () => true, allows: () => false })
  await host.start()
  t.teardown(() => host.stop())
  const signal = AbortSignal.timeout(20_000)
  await host.dial(server.peer, server.addresses(), signal)
  const said = async (message: PredictionMessage) => {
    const channel = host.channel(await host.open(server.peer, PREDICTION_PROTOCOL, signal), server.peer)
    const bytes = await ask(channel, encodePrediction(message), { bytesMax: REPLY_BYTES_MAX, signal })
    return decodePredictionReply(bytes)
  }
  const checkpoint = new Uint8Array(32)
  t.deepEqual(await said({ checkpoint, shares: [new Uint8Array(248)] }), { refused: 'no-pass' })
  t.regex(hospital.refusals.at(-1)!, /has shown no pass/)
  await t.throwsAsync(said({ checkpoint, shares: [new Uint8Array(2 * GREETING_BYTES_MAX)] }))
  await t.throwsAsync(host.open(server.peer, '/confrere/sync/1.0.0', signal))
})

test('strangers have few places, for a short time; who has shown a pass keeps its own', t => {
  const clock = handClock()
  const left: string[] = []
  const guests = new Guests<number>(clock, peer => void left.push(peer))
  for (let at = 0; at < GUESTS_MAX; at++) t.true(guests.admits(`peer ${at}`))
  t.false(guests.admits('one more'))
  t.true(guests.admits('peer 3'))
  t.is(guests.of('peer 3'), undefined)
  guests.keep('peer 3', 7)
  t.is(guests.of('peer 3'), 7)
  clock.turn(30_000)
  t.true(guests.admits('one more'))
  t.is(left.length, GUESTS_MAX - 1)
  t.is(guests.of('peer 3'), 7)
  clock.turn(15 * 60_000)
  t.is(guests.of('peer 3'), undefined)
})
