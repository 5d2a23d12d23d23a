// Claims: a session masks one vector, ever, noise included; what a job lacks makes it fail as an output, not as an
// exception; the masks of any group of contributors cancel in the sum of its chunks.

import test from 'ava'
import fc from 'fast-check'
import { opens } from '../../../crypto/commitment.ts'
import { sha256 } from '../../../crypto/hash.ts'
import { publicKeyOf } from '../../../crypto/key-agreement.ts'
import { chunkLayout } from '../../../crypto/layout.ts'
import { toBytes } from '../../../crypto/ring.ts'
import { hex } from '../../../protocols/immutable.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { createRunner } from '../../../protocols/secure-sum/job-runner.ts'
import type { RoundOutput, Session } from '../../../protocols/secure-sum/jobs.ts'
import { manifestRoot } from '../../../protocols/secure-sum/masking.ts'
import { MemoryVault } from '../../../sim/world/memory-vault.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const PRIVACY = {
  noise: 'distributed' as const,
  clippingNorm: 1,
  sampleRate: 2 ** 28,
  noiseMultiplier: 1,
  delta: 1e-5,
  epsilon: 50,
  colluders: 1,
}
const DIMENSION = 62
const IDS = testSigners(5).map(signer => signer.id)

function createHospitals(count: number, changes = {}) {
  const signers = testSigners(count)
  const document = testStudy(signers, changes)
  return signers.map((_, self) => {
    const rng = seededRng(`runner ${self}`)
    const vault = new MemoryVault({ initial: initialCheckpoint(document), rng })
    return { vault, run: createRunner(vault, { document, rng }) }
  })
}

function sessionOf(
  hospitals: ReturnType<typeof createHospitals>,
  members: readonly number[],
  name = 'session',
  self = 0,
): Session {
  const key = (member: number) => publicKeyOf(hospitals[member]!.vault.secrets(1).secret)
  const keys = new Map(members.map(member => [member, key(member)] as const))
  const ids = new Map(members.map(member => [member, IDS[member]!] as const))
  return { sid: sha256(Buffer.from(name)), self, members, ids, owners: members.length, keys }
}

const only = <K extends RoundOutput['kind']>(output: RoundOutput, kind: K) => {
  if (output.kind !== kind) throw new Error(`a ${output.kind} for a ${kind}: ${JSON.stringify(output)}`)
  return output as Extract<RoundOutput, { kind: K }>
}

test('asked twice, a session gives the same masked vector, though the update and the noise would be new', t => {
  const hospitals = createHospitals(4, { privacy: PRIVACY })
  const { vault, run } = hospitals[1]!
  const session = sessionOf(hospitals, [0, 1, 2, 3])
  vault.updates.set(1, new Int32Array(DIMENSION).fill(5))
  const first = run({ kind: 'mask', round: 1, session, again: false })
  vault.updates.set(1, new Int32Array(DIMENSION).fill(6))
  t.deepEqual(run({ kind: 'mask', round: 1, session, again: false }), first)
  vault.updates.clear()
  t.deepEqual(
    run({ kind: 'mask', round: 1, session, again: false }),
    first,
    'after a restart the stored vector serves again',
  )
  t.is(vault.inputs.size, 1)
})

test('another session of the same round masks with other keys and other noise', t => {
  const hospitals = createHospitals(4, { privacy: PRIVACY })
  const { vault, run } = hospitals[1]!
  vault.updates.set(1, new Int32Array(DIMENSION).fill(5))
  const one = sessionOf(hospitals, [0, 1, 2, 3], 'one')
  const two = sessionOf(hospitals, [0, 1, 2, 3], 'two')
  run({ kind: 'mask', round: 1, session: one, again: false })
  run({ kind: 'mask', round: 1, session: two, again: false })
  const [a, b] = [vault.masked(1, hex(one.sid))!, vault.masked(1, hex(two.sid))!]
  t.true(a.every((word, at) => word !== b[at]))
})

test('the revealed key opens the commitment of the manifest, whose root is over the masked chunks', t => {
  const hospitals = createHospitals(4)
  const { vault, run } = hospitals[2]!
  const session = sessionOf(hospitals, [0, 1, 2])
  vault.updates.set(1, new Int32Array(DIMENSION))
  const masked = only(run({ kind: 'mask', round: 1, session, again: false }), 'mask')
  const { key } = only(run({ kind: 'reveal', round: 1, session }), 'reveal')
  t.true(opens(masked.commitment, key))
  t.deepEqual(masked.root, manifestRoot(vault.masked(1, hex(session.sid))!, 3))
})

test('what a job lacks is an output: no update, a lost part, a sum of another length, an unusable key', t => {
  const hospitals = createHospitals(4)
  const { vault, run } = hospitals[0]!
  const session = sessionOf(hospitals, [0, 1, 2, 3])
  const code = (output: RoundOutput) => only(output, 'failed').code
  t.is(code(run({ kind: 'mask', round: 1, session, again: false })), 'no-update')
  vault.updates.set(1, new Int32Array(DIMENSION))
  const unusable = { ...session, keys: new Map(session.keys).set(3, new Uint8Array(32)) }
  t.is(code(run({ kind: 'mask', round: 1, session: unusable, again: false })), 'low-order-key')
  run({ kind: 'mask', round: 1, session, again: false })
  const selfKeys = new Map([0, 1, 2, 3].map(member => [member, new Uint8Array(32)] as const))
  t.is(code(run({ kind: 'sum', round: 1, session, attempt: 0, chunk: 0, selfKeys })), 'part-lost')
  vault.putSum(1, 'aa', new Uint8Array(4))
  t.is(code(run({ kind: 'apply', round: 1, session, sums: ['bb', 'bb', 'bb', 'bb'], fingerprints: null })), 'sum-lost')
  const fingerprints = { challenge: new Uint8Array(32), sums: [] }
  const wrong = run({ kind: 'apply', round: 1, session, sums: ['aa', 'aa', 'aa', 'aa'], fingerprints })
  t.is(wrong.kind, 'mismatch', 'a claimed sum of another length is a lie, not a fault of ours')
})

test('whoever contributes and whoever owns chunks, the chunk sums are the sums of the updates', t => {
  const group = fc.subarray([0, 1, 2, 3, 4], { minLength: 3 })
  fc.assert(
    fc.property(group, fc.integer({ min: 1, max: 5 }), fc.nat(), (members, ownersWanted, seed) => {
      const hospitals = createHospitals(5)
      const owners = Math.min(ownersWanted, members.length)
      const session = { ...sessionOf(hospitals, members, `group ${seed}`), owners }
      const sid = hex(session.sid)
      const exact = new Int32Array(DIMENSION)
      const selfKeys = new Map<number, Uint8Array>()
      for (const member of members) {
        const { vault, run } = hospitals[member]!
        const update = Int32Array.from(
          { length: DIMENSION },
          (_, word) => ((seed + member) * 7919 * (word + 1)) | 0,
        ).map(word => word >> 4)
        for (let word = 0; word < DIMENSION; word++) exact[word]! += update[word]!
        vault.updates.set(1, update)
        run({ kind: 'mask', round: 1, session: { ...session, self: member }, again: false })
        const revealed = run({ kind: 'reveal', round: 1, session: { ...session, self: member } })
        selfKeys.set(member, only(revealed, 'reveal').key)
      }
      for (const { index, start, words } of chunkLayout(DIMENSION, owners).filter(chunk => chunk.words > 0)) {
        const owner = members[index] as number
        const { vault, run } = hospitals[owner]!
        for (const member of members) {
          const masked = hospitals[member]!.vault.masked(1, sid)!
          vault.putPart(sid, index, member, masked.slice(start, start + words))
        }
        const { hash } = only(
          run({ kind: 'sum', round: 1, session: { ...session, self: owner }, attempt: 0, chunk: index, selfKeys }),
          'sum',
        )
        const expected = toBytes(new Uint32Array(exact.buffer).subarray(start, start + words))
        t.deepEqual(vault.sum(hex(hash)), expected)
      }
    }),
    { numRuns: 20 },
  )
})
