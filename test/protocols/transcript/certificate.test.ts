// Claims: a certificate proves the newest checkpoint to anybody who has the study document, through every change of the
// roster; one that lacks a change, has one that was none, or has too few votes, proves nothing.

import test from 'ava'
import fc from 'fast-check'
import { ProtocolError } from '../../../protocols/errors.ts'
import type { RosterChange } from '../../../protocols/roster/change.ts'
import { certificateFrom, encodeCertificate, verifyCertificate } from '../../../protocols/transcript/certificate.ts'
import { certifiedLink, sidOf, voidLink } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const ALL = testSigners(5)
const FOUNDERS = testSigners(4)
const NEWCOMER = ALL.find(({ id }) => FOUNDERS.every(other => Buffer.compare(other.id, id) !== 0))!
const DOCUMENT = testStudy(FOUNDERS)

const admit: RosterChange = { kind: 'admit', hospital: { id: NEWCOMER.id, name: 'Newcomer', addresses: [] } }
const first = { signers: FOUNDERS.slice(0, 3), roster: 0, checkpoint: sidOf(1) }
const later = { signers: ALL.slice(0, 4), roster: 1, checkpoint: sidOf(2) }
const change = certifiedLink(DOCUMENT, 1, { ...first, change: admit })
const result = certifiedLink(DOCUMENT, 3, later)

const refused = (certificate: Parameters<typeof encodeCertificate>[0], code: string) => ({
  run: () => verifyCertificate(DOCUMENT, encodeCertificate(certificate)),
  expected: { instanceOf: ProtocolError, code },
})

test('the last RESULT and the changes before it are chosen, and prove its checkpoint', t => {
  const chosen = certificateFrom([change, voidLink(2), result, voidLink(4)])!
  t.deepEqual(chosen, { changes: [change], result })
  const { round, value, roster, quorum } = verifyCertificate(DOCUMENT, encodeCertificate(chosen))
  t.deepEqual([round, value.checkpoint, roster.version, roster.hospitals.length, quorum], [3, sidOf(2), 1, 5, 4])
  t.is(certificateFrom([voidLink(1)]), null)
  // its own change comes after it
  t.deepEqual(certificateFrom([change]), { changes: [], result: change })
})

test('a change that is missing, one that was none, a VOID, and too few votes prove nothing', t => {
  for (const { run, expected } of [
    refused({ changes: [], result }, 'other-roster'),
    refused({ changes: [certifiedLink(DOCUMENT, 1, first)], result }, 'bad-certificate'),
    refused({ changes: [change, change], result }, 'other-roster'),
    refused({ changes: [], result: voidLink(1) }, 'bad-link'),
    refused(
      { changes: [], result: certifiedLink(DOCUMENT, 1, { ...first, signers: FOUNDERS.slice(1, 3) }) },
      'bad-proof',
    ),
  ]) {
    t.throws(run, expected)
  }
})

test('any other bytes are refused as a peer\u2019s fault', t => {
  const refuses = (bytes: Uint8Array): boolean => {
    try {
      verifyCertificate(DOCUMENT, bytes)
      return false
    } catch (error) {
      return error instanceof ProtocolError
    }
  }
  const whole = encodeCertificate({ changes: [change], result })
  fc.assert(fc.property(fc.uint8Array(), refuses))
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = whole.slice()
      changed[at]! ^= flip
      return refuses(changed)
    }),
  )
  t.pass()
})
