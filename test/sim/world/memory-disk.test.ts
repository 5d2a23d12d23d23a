// Claims: what was written and not synced is kept or lost as a whole when a hospital is killed; a disk that is set back
// is what it was; an honest hospital's disk refuses what must never be written, a liar's does not.

import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { drawStudy, studyOf } from '../../../sim/scenarios/study.ts'
import { MemoryDisk } from '../../../sim/world/memory-disk.ts'
import { MemoryVault } from '../../../sim/world/memory-vault.ts'
import { Random } from '../../../sim/world/random.ts'
import { createKeyring } from '../../../sim/world/signer.ts'

const SID = 'ab'.repeat(32)

function createVault(): MemoryVault {
  const random = new Random('vault')
  const study = drawStudy(random)
  const document = studyOf(study, createKeyring(study.hospitals, random).signers)
  return new MemoryVault({ initial: initialCheckpoint(document), rng: random.fill })
}

function mask(vault: MemoryVault, value: number): void {
  vault.updates.set(1, new Int32Array(4).fill(value))
  vault.putMasked(1, SID, new Uint32Array(4).fill(value))
}

test('a write that was not synced is lost or kept, one that was synced is kept', t => {
  for (const keepStaged of [false, true]) {
    const vault = createVault()
    const first = vault.secrets(1)
    t.true(vault.staged)
    vault.sync()
    t.false(vault.staged)
    const second = vault.secrets(2)
    mask(vault, 7)
    vault.putCheckpoint('cd', new Uint8Array(3))
    vault.crash({ keepStaged })
    t.deepEqual(vault.secrets(1), first)
    t.is(hex(vault.secrets(2).root) === hex(second.root), keepStaged)
    t.is(vault.masked(1, SID) !== undefined, keepStaged)
    t.is(vault.inputs.has(SID), keepStaged)
    t.is(vault.checkpoints.has('cd'), keepStaged)
    t.is(vault.update(1), undefined, 'what was in memory is gone in any case')
  }
})

test('a vault that is set back forgets what came after, and checkers do not', t => {
  const vault = createVault()
  vault.secrets(1)
  vault.sync()
  const before = vault.copy()
  const own = vault.secrets(1)
  mask(vault, 1)
  vault.secrets(2)
  vault.sync()
  vault.crash({ keepStaged: false })
  vault.restore(before)
  t.deepEqual(vault.secrets(1), own)
  t.is(vault.masked(1, SID), undefined)
  t.true(vault.inputs.has(SID))
  // the copy can serve again
  mask(vault, 1)
  vault.restore(before)
  t.is(vault.masked(1, SID), undefined)
})

const OWN = { kind: 'own', round: 1, slot: 'ready/0/0', bytes: Uint8Array.of(1) } as const
const CHARGE = { kind: 'charge', round: 1, sid: sha256(Uint8Array.of(1)), contributors: 3 } as const

test('a log takes a slot once and a charge once; set back, it takes them again', t => {
  const disk = new MemoryDisk()
  const empty = disk.copy()
  disk.write([OWN, CHARGE])
  t.throws(() => disk.write([OWN]), { message: /ready\/0\/0 of round 1 was filled twice/ })
  t.throws(() => disk.write([CHARGE]), { message: /round 1 was charged twice/ })
  const full = disk.copy()
  disk.restore(empty)
  t.is(disk.own.size + disk.charges.length, 0)
  disk.write([OWN, CHARGE])
  t.is(empty.own.size, 0, 'a copy stays what it was')
  disk.restore(full)
  t.is(disk.charges.length, 1)
  t.notThrows(() => {
    const liar = new MemoryDisk({ strict: false })
    liar.write([OWN, OWN, CHARGE, CHARGE])
  })
})
