// Claim: what a person reads before approving holds every field of the study document, its timing too.

import test from 'ava'
import { studyLines } from '../../../../node/cli/study/text.ts'
import { peerIdString } from '../../../../node/storage/identity.ts'
import { SAMPLE_RATE_ONE } from '../../../../protocols/study/limits.ts'
import { scheduleOf } from '../../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../../helpers/study/study.ts'

/** Values by path, with numbers that occur nowhere else in the document. */
function leaves(value: unknown, path: string[] = []): [path: string, value: unknown][] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [[path.join('.'), value]]
  return Object.entries(value).flatMap(([key, field]) => leaves(field, [...path, key]))
}

/** How the text writes a value. */
function written(path: string, value: unknown): string {
  if (path.endsWith('.id')) return peerIdString(value as Uint8Array)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (path === 'privacy.sampleRate') return String(Number(((value as number) / SAMPLE_RATE_ONE).toPrecision(6)))
  if (path === 'privacy.delta') return (value as number).toExponential()
  if (path === 'timing.bandwidthMin') return (value as number).toLocaleString('en')
  if (path.startsWith('timing.') && (value as number) >= 1000) return `${(value as number) / 1000} s`
  if (value === null) return `${path} none`
  return String(value)
}

test('every field of a study is shown', t => {
  const signers = testSigners(4)
  const plain = testStudy(signers)
  const [first, ...others] = plain.hospitals
  const document: StudyDocument = {
    ...plain,
    optimizer: { learningRate: 0.123, momentum: 0.456, averageDecay: 0.789 },
    timing: {
      openDelayMs: 1234,
      voteTimeoutMs: 2345,
      voteTimeoutMsMax: 3456,
      lostAfterMs: 4567,
      resendAfterMs: 5678,
      voidAfterMs: 67_890,
      dataBaseMs: 7890,
      bandwidthMin: 12_345_678,
      trainedDelayMs: 987,
    },
    hospitals: [{ ...first!, addresses: ['/ip4/192.0.2.1/tcp/4001'] }, ...others],
  }
  const text = studyLines({ document, study: 'id', founder: 'founder' }).join('\n')
  t.regex(text, /a patient known to 1 \/ 2 \/ 3 hospitals: epsilon unbounded \/ unbounded \/ unbounded against/)
  for (const [path, value] of leaves(document)) {
    // the version is fixed by what reads it
    if (path !== 'version') t.true(text.includes(written(path, value)), `${path} = ${written(path, value)}:\n${text}`)
  }
})

test('every field of an evaluation is shown', t => {
  const evaluation = { bins: 11, share: 2 ** 30, units: 1234, noiseMultiplier: 3.25, margin: 0.0625 }
  const document = testStudy(testSigners(4), {
    evaluation,
    schedule: scheduleOf({ rounds: 30, statistics: false, every: 7 }),
  })
  const text = studyLines({ document, study: 'id', founder: 'founder' }).join('\n')
  const { share: _, ...shown } = evaluation
  for (const value of Object.values(shown)) t.true(text.includes(String(value)), `${value}:\n${text}`)
  t.regex(text, /5 evaluations, one after every 7 rounds of training and one at the end/)
  t.regex(text, /holds back 25 % of its records/)
})
