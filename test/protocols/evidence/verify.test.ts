// Claim: whoever lies is proven guilty from the study document alone, and no change of a proof points at somebody else.

import test from 'ava'
import fc from 'fast-check'
import { CodedError } from '../../../crypto/errors.ts'
import { describeEvidence } from '../../../protocols/evidence/describe.ts'
import { verifyEvidence } from '../../../protocols/evidence/verify.ts'
import {
  decodeEvidence,
  type Evidence,
  encodeEvidence,
  evidenceBytesMax,
} from '../../../protocols/messages/evidence.ts'
import { trueEvidence } from './honest-messages.ts'
import { judge, leaves, SignedRound, study } from './signed-round.ts'

const signedRound = new SignedRound()
const truths = trueEvidence(signedRound)

/** Whom the evidence accuses, or undefined when it is refused as it should be. */
function accusedBy(evidence: () => Evidence): number | undefined {
  try {
    return verifyEvidence(evidence(), judge).accused
  } catch (error) {
    if (error instanceof CodedError && error.code === 'bad-evidence') return undefined
    throw error
  }
}

for (const { name, accused, code, evidence } of truths) {
  test(`proven: ${name}`, t => {
    t.deepEqual(verifyEvidence(evidence, judge), { accused, code })
    const bytes = encodeEvidence(evidence)
    t.true(bytes.length <= evidenceBytesMax(judge))
    t.deepEqual(decodeEvidence(bytes, evidenceBytesMax(judge)), evidence)
    t.deepEqual(verifyEvidence(decodeEvidence(bytes), judge), { accused, code })
  })

  test(`a changed bit of a part never points at somebody else: ${name}`, t => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(7), (leaf, at, bit) => {
        const copy = decodeEvidence(encodeEvidence(evidence))
        const parts = leaves(copy)
        const bytes = parts[leaf % parts.length]!
        bytes[at % bytes.length]! ^= 1 << bit
        const found = accusedBy(() => copy)
        t.true(found === undefined || found === accused, `${found}`)
      }),
      { numRuns: 150 },
    )
  })

  test(`a changed byte on the wire never points at somebody else: ${name}`, t => {
    const bytes = encodeEvidence(evidence)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const copy = bytes.slice()
        copy[at]! ^= change
        const found = accusedBy(() => decodeEvidence(copy))
        t.true(found === undefined || found === accused, `${found}`)
      }),
      { numRuns: 100 },
    )
  })

  test(`in words: ${name}`, t => {
    const text = describeEvidence(evidence, judge)
    t.true(text.includes(study.hospitals[accused]!.name))
    t.true(text.includes(judge.roster.peers[accused]!))
    t.notRegex(text, /undefined|\[object|NaN/)
    if (code !== 'bad-body') t.regex(text, /round \d/)
  })
}

test('what proves nothing is not described either', t => {
  const evidence = { kind: 'invalid', wire: signedRound.loaded(1) } as const
  t.throws(() => describeEvidence(evidence, judge), { code: 'bad-evidence' })
})

test('parts taken from other evidence never point at an innocent', t => {
  // whatever stands where another thing belongs: swap two byte strings of any two proofs
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (a, b, x, y) => {
      const { evidence, accused } = truths[a % truths.length]!
      const copy = decodeEvidence(encodeEvidence(evidence)) as unknown as Record<string, unknown>
      const donor = leaves(truths[b % truths.length]!.evidence)
      const fields = Object.keys(copy).filter(field => copy[field] instanceof Uint8Array)
      copy[fields[x % fields.length]!] = donor[y % donor.length]
      const found = accusedBy(() => copy as unknown as Evidence)
      // a single message may be a proof of its own, against its own signer
      const guilty = truths.filter(truth => truth.evidence.kind === copy['kind']).map(truth => truth.accused)
      t.true(found === undefined || found === accused || guilty.includes(found), `${found}`)
    }),
    { numRuns: 1500 },
  )
})

test('what is not evidence is refused, and so is what is larger than the study allows', t => {
  const junk = [new Uint8Array(0), Uint8Array.of(0xff), Uint8Array.of(0xa0)]
  for (const bytes of junk) t.throws(() => decodeEvidence(bytes), { code: 'bad-evidence' })
  const bytes = encodeEvidence(truths[0]!.evidence)
  t.throws(() => decodeEvidence(bytes, bytes.length - 1), { code: 'bad-evidence' })
  t.notThrows(() => decodeEvidence(bytes, bytes.length))
  const { kind: _, ...nameless } = truths[0]!.evidence
  t.throws(() => decodeEvidence(encodeEvidence(nameless as Evidence)), { code: 'bad-evidence' })
  const more = { ...truths[0]!.evidence, more: 1 } as unknown as Evidence
  t.throws(() => decodeEvidence(encodeEvidence(more)), { code: 'bad-evidence' })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      t.is(
        accusedBy(() => decodeEvidence(bytes)),
        undefined,
      )
    }),
  )
})
