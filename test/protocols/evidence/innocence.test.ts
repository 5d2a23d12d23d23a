// Claim: nobody who kept to the protocol can be made to look guilty, whatever the liars sign, and whoever puts it together.

import test from 'ava'
import fc from 'fast-check'
import { seal } from '../../../crypto/envelope.ts'
import { CodedError } from '../../../crypto/errors.ts'
import { createSigner } from '../../../crypto/signature.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { createJudge } from '../../../protocols/evidence/judge.ts'
import { verifyEvidence } from '../../../protocols/evidence/verify.ts'
import { decodeEvidence, type Evidence, encodeEvidence } from '../../../protocols/messages/evidence.ts'
import { type Content, decodeEnvelope, encodeEnvelope } from '../../../protocols/messages/messages.ts'
import { openReceipt } from '../../../protocols/messages/receipt.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { filledChunks } from '../../../protocols/session/chunks.ts'
import { encodeStudy } from '../../../protocols/study/document.ts'
import { seededBytes } from '../../helpers/seeded-rng.ts'
import { testStudy } from '../../helpers/study/study.ts'
import {
  IDLE_OWNER,
  judge,
  leaves,
  MEMBERS,
  open,
  proposerOf,
  ready,
  SignedRound,
  signed,
  signers,
  study,
  wire,
} from './signed-round.ts'

const signedRound = new SignedRound()
const junk = seededBytes('junk', 32)

/** The verdict's accused, or the reason of its refusal. */
function verdict(evidence: Evidence, context = judge): number | string {
  try {
    return verifyEvidence(evidence, context).accused
  } catch (error) {
    if (error instanceof CodedError && error.code === 'bad-evidence') return error.message
    throw error
  }
}

const invalid = (message: Uint8Array) => verdict({ kind: 'invalid', wire: message })

/** Everything that the hospitals say in an honest round, and more views of it. */
function honestMessages(): Uint8Array[] {
  const value = signedRound.value()
  const next = proposerOf(1)
  const proof = signedRound.votes('prevote')
  const all = [0, 1, 2, 3, 4, 5]
  const chunks = filledChunks(signedRound.opening)
  const sums = MEMBERS.flatMap(member => [0, 1, 2].map(attempt => ({ member, attempt })))
  return [
    ...all.map(member => ready(member)),
    signedRound.open,
    open({ view: 1, readys: [0, 1, 2, 3].map(member => ready(member)), owners: [0, 1, 3] }),
    ...signedRound.manifests,
    ...chunks.map(({ index }) => signedRound.loaded(MEMBERS[index]!)),
    wire(2, { type: 'missing', view: 1, sid: junk, chunk: 1, members: [0] }),
    wire(proposerOf(0), { type: 'propose', instance: 'commit', view: 0, value, validView: -1, proof: [] }),
    wire(next, { type: 'propose', instance: 'commit', view: 1, value, validView: 0, proof }),
    ...signedRound.votes('prevote', { from: all }),
    ...signedRound.votes('precommit', { from: all }),
    ...all.map(member => wire(member, { type: 'prevote', instance: 'result', view: 0, value: null })),
    wire(3, { type: 'certificate', view: 0, value, precommits: signedRound.votes('precommit') }),
    ...signedRound.releases,
    ...sums
      .filter(({ member, attempt }) => chunks.some(({ index }) => index === signedRound.chunkAt(member, attempt)))
      .map(({ member, attempt }) => signedRound.chunkSum(member, attempt)),
    ...MEMBERS.map(member => signedRound.fingerprint(member)),
    ...MEMBERS.map(member => signedRound.fingerprint(member, { challenge: junk, attempt: 1 })),
    wire(3, { type: 'sit-out' }),
  ]
}

const messages = honestMessages()
const receipts = [signedRound.receipt(1, 4), signedRound.receipt(2, 0)]

test('no honest message is a fault, and no two are a contradiction', t => {
  for (const first of messages) {
    t.is(typeof invalid(first), 'string')
    for (const second of messages) t.is(typeof verdict({ kind: 'equivocation', first, second }), 'string')
  }
})

test('honest messages in whatever places prove nothing', t => {
  const message = fc.constantFrom(...messages)
  const list = fc.oneof(
    fc.constant(signedRound.manifests),
    fc.constant(signedRound.releases),
    fc.array(message, { maxLength: 6 }),
  )
  const part = fc.record({ member: fc.constantFrom(...MEMBERS), index: fc.nat(3) })
  const sorted = fc.nat(3).map(index => MEMBERS.map(member => ({ member, index })))
  const parts = fc
    .oneof(sorted, fc.array(part, { maxLength: 6 }))
    .map(places => places.map(({ member, index }) => signedRound.masked(member, index)))
  const loaded = message.map(one => ({ kind: 'loaded', wire: one }) as const)
  const evidence: fc.Arbitrary<Evidence> = fc.oneof(
    fc.record({ kind: fc.constant('false-release' as const), manifest: message, release: message }),
    fc.record({ kind: fc.constant('false-missing' as const), missing: message, receipt: fc.constantFrom(...receipts) }),
    fc.record({
      kind: fc.constant('false-sum' as const),
      open: fc.constant(signedRound.open),
      manifests: list,
      releases: list,
      bound: fc.oneof(loaded, fc.constant(signedRound.certificate())),
      sum: message,
      parts,
    }),
    fc.record({
      kind: fc.constant('false-fingerprint' as const),
      open: fc.constant(signedRound.open),
      manifest: fc.constantFrom(...signedRound.manifests),
      release: fc.constantFrom(...signedRound.releases),
      fingerprint: message,
      chunks: parts.map(some => some.map(({ words }) => words)),
    }),
  )
  fc.assert(
    fc.property(evidence, found => {
      t.is(typeof verdict(found), 'string')
    }),
    { numRuns: 800 },
  )
})

test('a right sum is right at every attempt, and not to be judged as another chunk’s', t => {
  for (const member of MEMBERS) {
    for (let attempt = 0; attempt < MEMBERS.length; attempt++) {
      const index = signedRound.chunkAt(member, attempt)
      if (!filledChunks(signedRound.opening).some(chunk => chunk.index === index)) continue
      const evidence = signedRound.falseSum(signedRound.chunkSum(member, attempt), { member, attempt })
      t.is(verdict(evidence), 'the sum is right', `${member} ${attempt}`)
      for (const { index: other } of filledChunks(signedRound.opening).filter(chunk => chunk.index !== index)) {
        const parts = MEMBERS.map(contributor => signedRound.masked(contributor, other))
        t.is(typeof verdict({ ...evidence, parts }), 'string')
      }
    }
  }
})

test('a right fingerprint is right under the challenge that it names', t => {
  for (const member of MEMBERS) {
    const claims = [signedRound.fingerprint(member), signedRound.fingerprint(member, { challenge: junk, attempt: 4 })]
    for (const claim of claims) t.is(verdict(signedRound.falseFingerprint(member, claim)), 'the fingerprint is right')
  }
})

test('what was added up rightly stays right, whatever bit of the proof is changed', t => {
  const honest: Evidence[] = [
    signedRound.falseSum(signedRound.chunkSum(0), { member: 0 }),
    signedRound.falseSum(signedRound.chunkSum(2, 1), { member: 2, attempt: 1 }),
    signedRound.falseSum(signedRound.chunkSum(IDLE_OWNER, 1), { member: IDLE_OWNER, attempt: 1 }),
    signedRound.falseFingerprint(1, signedRound.fingerprint(1)),
  ]
  fc.assert(
    fc.property(fc.constantFrom(...honest), fc.nat(), fc.nat(), fc.nat(7), (evidence, leaf, at, bit) => {
      const copy = decodeEvidence(encodeEvidence(evidence))
      const parts = leaves(copy)
      const bytes = parts[leaf % parts.length]!
      bytes[at % bytes.length]! ^= 1 << bit
      t.is(typeof verdict(copy), 'string')
    }),
    { numRuns: 800 },
  )
})

test('a liar’s second MANIFEST does not make the owner of its first one false', t => {
  const liar = 4
  const other = signedRound.partOf(liar, 'other')
  const replaced = <T>(list: readonly T[], by: T) => list.map((one, at) => (MEMBERS[at] === liar ? by : one))
  for (const { member, attempt } of [
    { member: 0, attempt: 0 },
    { member: 2, attempt: 1 },
    { member: IDLE_OWNER, attempt: 1 },
  ]) {
    const honest = signedRound.falseSum(signedRound.chunkSum(member, attempt), { member, attempt })
    const framed = {
      ...honest,
      manifests: replaced(honest.manifests, other.manifest),
      releases: replaced(honest.releases, other.release),
      parts: replaced(honest.parts, signedRound.masked(liar, signedRound.chunkAt(member, attempt), other)),
    }
    t.regex(`${verdict(framed)}`, /other manifests/)
    // not even with a quorum of liars, as long as the owner has said itself what it holds
    const bound = signedRound.certificate(signedRound.value(framed.manifests))
    if (member !== IDLE_OWNER) t.regex(`${verdict({ ...framed, bound })}`, /has signed a LOADED/)
    // and somebody else's LOADED says nothing about this owner
    const bystander = { kind: 'loaded', wire: signedRound.loaded(1, framed.manifests) } as const
    t.regex(`${verdict({ ...framed, bound: bystander })}`, /by somebody else/)
  }
})

test('a liar’s RELEASE that opens nothing does not make an owner false', t => {
  const releases = signedRound.releases.map((release, at) =>
    at === 3 ? wire(4, { type: 'release', sid: signedRound.sid, key: junk }) : release,
  )
  const evidence = { ...signedRound.falseSum(signedRound.chunkSum(0), { member: 0 }), releases }
  t.regex(`${verdict(evidence)}`, /does not open its commitment/)
})

test('a sum is judged over exactly the contributors, each once and in order', t => {
  const evidence = signedRound.falseSum(signedRound.chunkSum(0), { member: 0 })
  const { manifests, releases, parts } = evidence
  const short = { manifests: manifests.slice(1), releases: releases.slice(1), parts: parts.slice(1) }
  t.regex(`${verdict({ ...evidence, ...short })}`, /for each contributor/)
  const twice = <T>(list: readonly T[]) => [list[0]!, ...list.slice(0, -1)]
  const doubled = { manifests: twice(manifests), releases: twice(releases), parts: twice(parts) }
  t.regex(`${verdict({ ...evidence, ...doubled })}`, /out of order/)
  t.regex(`${verdict({ ...evidence, parts: twice(parts) })}`, /not what its manifest commits to/)
})

test('a sum or a fingerprint of another session, or by whoever has no part in it, is not judged', t => {
  const otherSum = wire(0, { type: 'chunk-sum', sid: junk, attempt: 0, hash: junk })
  t.regex(`${verdict(signedRound.falseSum(otherSum, { member: 0 }))}`, /another session/)
  const late = wire(0, { type: 'chunk-sum', sid: signedRound.sid, attempt: 0, hash: junk }, { round: 4 })
  t.regex(`${verdict(signedRound.falseSum(late, { member: 0 }))}`, /another session/)
  const stranger = wire(3, { type: 'chunk-sum', sid: signedRound.sid, attempt: 0, hash: junk })
  t.regex(`${verdict(signedRound.falseSum(stranger, { member: 0 }))}`, /owns no chunk/)
  const empty = wire(IDLE_OWNER, { type: 'chunk-sum', sid: signedRound.sid, attempt: 0, hash: junk })
  t.regex(`${verdict(signedRound.falseSum(empty, { member: IDLE_OWNER, attempt: 1 }))}`, /empty chunk/)
  t.regex(`${verdict(signedRound.falseFingerprint(0, signedRound.fingerprint(1)))}`, /by somebody else/)
})

test('an OPEN that is not in order opens no session to judge in', t => {
  const evidence = signedRound.falseSum(signedRound.chunkSum(0, 0, junk), { member: 0 })
  t.is(verdict(evidence), 0)
  t.is(typeof verdict({ ...evidence, open: open({}, (proposerOf(0) + 1) % 6) }), 'string')
  t.is(typeof verdict({ ...evidence, open: open({ readys: [] }) }), 'string')
  t.is(typeof verdict({ ...evidence, open: open({ view: 1 }) }), 'string')
})

test('whoever is shown to be behind, or on another branch of the transcript, is no liar', t => {
  const readys = MEMBERS.map(member => ready(member, { previous: junk }))
  t.regex(`${invalid(open({ readys }))}`, /may say this open/)
  t.regex(`${invalid(ready(1, { previous: junk }))}`, /may say this ready/)
})

test('the same message twice is no contradiction, not even under two signatures', t => {
  const [first] = signedRound.votes('prevote', { from: [2] })
  const { body, signature } = decodeEnvelope(first!)
  t.is(verdict({ kind: 'equivocation', first: first!, second: first! }), 'the same message twice')
  // Ed25519 signatures are not unique to whoever has the key: take any verifier that accepts another one
  const second = encodeEnvelope({ body, signer: signers[2]!.id, signature: signature.map(byte => byte ^ 1) })
  const lenient = { ...judge, verify: () => true }
  t.is(verdict({ kind: 'equivocation', first: first!, second }, lenient), 'the same message twice')
})

test('messages of two rounds, views, members or instances are no contradiction', t => {
  const vote = { type: 'prevote', instance: 'commit', view: 0, value: null } as const
  const first = wire(1, vote)
  const others = [
    wire(1, { ...vote, value: junk }, { round: 4 }),
    wire(1, { ...vote, view: 1, value: junk }),
    wire(2, { ...vote, value: junk }),
    wire(1, { ...vote, instance: 'result', value: junk }),
    wire(1, { ...vote, type: 'precommit', value: junk }),
  ]
  for (const second of others) t.is(typeof verdict({ kind: 'equivocation', first, second }), 'string')
  t.is(verdict({ kind: 'equivocation', first, second: wire(1, { ...vote, value: junk }) }), 1)
})

test('a forged, a foreign or a stranger’s signature proves nothing', t => {
  const bad = ready(2, { key: new Uint8Array(32) })
  t.is(invalid(bad), 2)
  const { body, signature } = decodeEnvelope(bad)
  t.is(typeof invalid(encodeEnvelope({ body, signer: signers[1]!.id, signature })), 'string')
  t.is(typeof invalid(encodeEnvelope({ body, signer: signers[2]!.id, signature: new Uint8Array(64) })), 'string')
  t.is(typeof invalid(encodeEnvelope(seal(createSigner(junk), body))), 'string')
  const broken = { type: 'ready', study: judge.study, roster: 0 }
  t.is(invalid(signed(2, encode(broken))), 2)
  const stolen = { ...seal(createSigner(junk), encode(broken)), signer: signers[2]!.id }
  t.is(typeof invalid(encodeEnvelope(stolen)), 'string')
})

test('what was signed in another study, or under another roster, proves nothing here', t => {
  const bad = ready(2, { key: new Uint8Array(32) })
  const other = createJudge(testStudy(signers, { name: 'Another study' }))
  t.is(typeof verdict({ kind: 'invalid', wire: bad }, other), 'string')
  const later = createJudge(study, createRoster(study.hospitals, 1))
  t.is(typeof verdict({ kind: 'invalid', wire: bad }, later), 'string')
  const foreign = wire(2, { type: 'ready', previous: junk, key: new Uint8Array(32), owner: true }, { study: junk })
  t.is(typeof invalid(foreign), 'string')
})

test('other things that a hospital signs with its key are no malformed messages', t => {
  t.is(typeof invalid(signed(0, encodeStudy(study))), 'string')
  t.is(typeof invalid(signedRound.receipt(1, 4)), 'string')
  t.is(typeof invalid(signed(0, Uint8Array.of(0xff, 0x00))), 'string')
  t.is(typeof invalid(signed(0, encode(null))), 'string')
  const header = { study: judge.study, roster: 0, round: 3 }
  t.is(typeof invalid(signed(0, encode({ type: 'from-a-newer-program', ...header }))), 'string')
  t.is(typeof invalid(signed(0, encode({ type: 'loaded', ...header, study: junk }))), 'string')
  t.is(typeof invalid(signed(0, encode({ type: 'loaded', ...header, roster: 1 }))), 'string')
  t.is(typeof invalid(signed(0, encode({ type: 'loaded' }))), 'string')
  t.is(invalid(signed(0, encode({ type: 'loaded', ...header }))), 0)
})

test('a receipt speaks for one contributor, one chunk, one session and one owner', t => {
  const judged = (missing: Uint8Array, receipt: Uint8Array) => verdict({ kind: 'false-missing', missing, receipt })
  const missing = signedRound.missing(1, [0, 4])
  t.is(judged(missing, signedRound.receipt(1, 4)), 1)
  t.is(judged(missing, signedRound.receipt(1, 0)), 1)
  // the liar's chunk may hold the very bytes of an honest one: the receipt still names whom it was for
  t.regex(`${judged(missing, signedRound.receipt(1, 2))}`, /not reported missing/)
  t.regex(`${judged(signedRound.missing(1, []), signedRound.receipt(1, 4))}`, /not reported missing/)
  t.regex(`${judged(signedRound.missing(1, [99]), signedRound.receipt(1, 4))}`, /not reported missing/)
  t.regex(`${judged(missing, signedRound.receipt(2, 4, { chunk: 1 }))}`, /another owner/)
  t.regex(`${judged(missing, signedRound.receipt(1, 4, { chunk: 2 }))}`, /another chunk/)
  t.regex(`${judged(missing, signedRound.receipt(1, 4, { sid: junk }))}`, /another session/)
  t.regex(`${judged(missing, signedRound.receipt(1, 4, { study: junk }))}`, /another study/)
  t.is(typeof judged(missing, signedRound.loaded(1)), 'string')
})

test('a receipt comes back as it was given, and only by its owner', t => {
  const { from, body } = openReceipt(signedRound.receipt(1, 4), judge)
  t.is(from, 1)
  t.like(body, { study: judge.study, sid: signedRound.sid, chunk: 1, contributor: signers[4]!.id })
  const envelope = decodeEnvelope(signedRound.receipt(1, 4))
  const codes = [
    encodeEnvelope({ ...envelope, signer: signers[2]!.id }),
    encodeEnvelope({ ...envelope, signer: createSigner(junk).id }),
    signed(1, encode({ type: 'receipt' })),
  ]
  for (const forged of codes) t.throws(() => openReceipt(forged, judge), { code: 'bad-receipt' })
})

test('a lost disk’s second root is the fault of nobody else', t => {
  // the same contributor, the same session, two roots: each pair opens, and a mixed one convicts who signed both
  const { manifest, release } = signedRound.part(1)
  const other = signedRound.partOf(1, 'other')
  t.is(typeof verdict({ kind: 'false-release', manifest, release }), 'string')
  t.is(typeof verdict({ kind: 'false-release', manifest: other.manifest, release: other.release }), 'string')
  t.is(verdict({ kind: 'false-release', manifest, release: other.release }), 1)
  t.is(typeof verdict({ kind: 'false-release', manifest, release: signedRound.part(2).release }), 'string')
})

test('a proof of lock or a certificate that holds is none of evidence', t => {
  const value = signedRound.value()
  const proof = signedRound.votes('prevote', { from: [1, 3, 4, 5] })
  const propose: Content = { type: 'propose', instance: 'commit', view: 1, value, validView: 0, proof }
  t.is(typeof invalid(wire(proposerOf(1), propose)), 'string')
  t.is(invalid(wire(proposerOf(1), { ...propose, proof: proof.slice(1) })), proposerOf(1))
  t.is(invalid(wire(proposerOf(1), { ...propose, value: encode(1) })), proposerOf(1))
})
