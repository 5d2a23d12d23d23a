/** Studies and hospitals for tests. @module */

import { sha256 } from '../../../crypto/hash.ts'
import { createSigner, type Signer } from '../../../crypto/signature.ts'
import { validateStudy } from '../../../protocols/study/document.ts'
import { scheduleOf } from '../../../protocols/study/rounds.ts'
import { ONLY_TERMS } from '../../../protocols/study/terms.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'

/** n signers with fixed keys, in roster order. */
export function testSigners(count: number): Signer[] {
  const signers = Array.from({ length: count }, (_, i) => createSigner(sha256(Buffer.from(`test hospital ${i}`))))
  return signers.sort((a, b) => Buffer.compare(a.id, b.id))
}

/** What a test changes of a study; `rounds` of training instead of a schedule. */
export type StudyChanges = Partial<StudyDocument> & { rounds?: number }

/** A small study with the noise off, so that sums can be compared exactly. */
export function testStudy(signers: readonly Signer[], { rounds = 3, ...changes }: StudyChanges = {}): StudyDocument {
  return validateStudy({
    version: 2,
    name: 'Test study',
    created: '2026-01-01T00:00:00Z',
    unit: 'record',
    ...ONLY_TERMS,
    influence: null,
    evaluation: null,
    search: null,
    copies: 1,
    units: 400,
    contract: { kind: 'vector', shape: [30], classes: ['no', 'yes'] },
    model: { preset: 'logistic' },
    initialSeed: sha256(Buffer.from('test')),
    optimizer: { learningRate: 0.1, momentum: 0.5, averageDecay: 0.9 },
    privacy: {
      noise: 'off',
      clippingNorm: 1,
      sampleRate: 2 ** 31,
      noiseMultiplier: 0,
      delta: 1e-5,
      epsilon: 0,
      colluders: 1,
    },
    schedule: scheduleOf({ rounds, statistics: changes.normalisation !== undefined }),
    profile: signers.length === 3 ? 'crash' : 'byzantine',
    timing: TIMING_LAN,
    hospitals: signers.map((signer, i) => ({ id: signer.id, name: `Hospital ${i}`, addresses: [] })),
    ...changes,
  })
}
