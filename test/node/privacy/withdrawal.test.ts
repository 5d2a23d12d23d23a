// Claims of node/privacy/withdrawal*.ts and of training: from the next step on a patient who has withdrawn is drawn no
// more, in every study and import; a node that cannot tell who is out does not train; the letter says what it may.

import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { type Dataset, recordsAt } from '../../../node/datasets/dataset.ts'
import { withoutWithdrawn } from '../../../node/datasets/withdrawn.ts'
import { readPatientFile } from '../../../node/privacy/patient-file.ts'
import { patientHash, patientKey } from '../../../node/privacy/patient-key.ts'
import { addTombstones, withdrawalFile, withdrawnPatients } from '../../../node/privacy/withdrawal.ts'
import { historyOf } from '../../../node/privacy/withdrawal-history.ts'
import { withdrawalLetter } from '../../../node/privacy/withdrawal-letter.ts'
import { createWithdrawalWatch } from '../../../node/privacy/withdrawal-watch.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import type { EntryOf } from '../../../protocols/ledger/entry.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { images, onEveryEngine, testBatch } from '../training/engines.ts'

const SINCE = '2026-01-02T03:04:05.000Z'
const DATA = { ...images([6, 6, 1]), patients: true as const }

function hashOf(number: number): Uint8Array {
  return new Uint8Array(16).fill(number)
}

function hexOf(number: number): string {
  return Buffer.from(hashOf(number)).toString('hex')
}

/** Patients 0 to 4 with one to five records. */
function records(): Dataset {
  const patients = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4]
  const { inputs, labels } = testBatch('withdrawal', {
    spec: { preset: 'logistic' },
    data: DATA,
    count: patients.length,
  })
  const patientHashes = new Uint8Array([0, 1, 2, 3, 4].flatMap(number => [...hashOf(number)]))
  return {
    count: patients.length,
    shape: DATA.shape,
    inputs,
    labels,
    patients: Int32Array.from(patients),
    patientHashes,
  }
}

test.serial('from the next step on a patient is drawn no more, under patients and under records', async t => {
  const dataset = records()
  const left = withoutWithdrawn(dataset, new Set([hexOf(3)]))
  t.is(left.count, 11)
  await onEveryEngine(t, backend => {
    for (const unit of ['patient', 'record'] as const) {
      const privacy = { clippingNorm: 0.5, sampleRate: 2 ** 32 }
      const document = {
        ...{ unit, contract: DATA, model: { preset: 'mlp', units: [8] }, initialSeed: new Uint8Array(32), privacy },
      } as unknown as StudyDocument
      let out: ReadonlySet<string> = new Set()
      const common = { document, backend, rng: seededRng('withdrawal') }
      const trainer = createTrainer({ ...common, dataset, withdrawn: () => out })
      const others = createTrainer({ ...common, dataset: left })
      const start = initialCheckpoint(document)
      const before = trainer.clippedSum(start)
      out = new Set([hexOf(3)])
      t.notDeepEqual(trainer.clippedSum(start), before)
      const [sum, expected] = [trainer.clippedSum(start), others.clippedSum(start)]
      t.true(sum.every((value, at) => Math.abs(value - expected[at]!) < 1e-5))
      out = new Set([0, 1, 2, 3, 4].map(hexOf))
      t.true(trainer.clippedSum(start).every(value => value === 0))
      trainer.dispose()
      others.dispose()
    }
  })
})

test('tombstones last, are told once, and a running node sees new ones', async t => {
  const folder = await temporaryFolder(t)
  const watch = createWithdrawalWatch(folder)
  t.deepEqual([...watch()], [])
  t.is((await addTombstones(folder, [hexOf(1), hexOf(2), hexOf(1)], SINCE)).length, 2)
  t.is((await addTombstones(folder, [hexOf(2), hexOf(3)], SINCE)).length, 1)
  t.deepEqual([...watch()].sort(), [1, 2, 3].map(hexOf))
  t.is((await stat(withdrawalFile(folder))).mode & 0o777, 0o600)
  // a crash cut off the last line: nobody was told, and the next one stands whole
  await appendFile(withdrawalFile(folder), '{"patient":"04')
  t.is((await withdrawnPatients(folder)).length, 3)
  await addTombstones(folder, [hexOf(5)], SINCE)
  t.deepEqual([...watch()].sort(), [1, 2, 3, 5].map(hexOf))
})

test('a file of withdrawals that is damaged stops training', async t => {
  const folder = await temporaryFolder(t)
  await addTombstones(folder, [hexOf(1), hexOf(2)], SINCE)
  const text = await readFile(withdrawalFile(folder), 'utf8')
  const watch = createWithdrawalWatch(folder)
  await writeFile(withdrawalFile(folder), text.replace('01', 'zz'))
  t.throws(watch, { code: 'withdrawals-damaged' } as object)
  await t.throwsAsync(withdrawnPatients(folder), { code: 'withdrawals-damaged' } as object)
})

test('an id is one patient however it is written, and another key knows nobody', async t => {
  const [folder, other] = [await temporaryFolder(t), await temporaryFolder(t)]
  const key = await patientKey(folder)
  t.deepEqual(await patientKey(folder), key)
  t.deepEqual(patientHash(key, ' Zo\u00eb-7 '), patientHash(key, 'Zoe\u0308-7'))
  t.notDeepEqual(patientHash(key, 'Zo\u00eb-7'), patientHash(await patientKey(other), 'Zo\u00eb-7'))
})

test('ids come from a file, and no error repeats one', async t => {
  const file = join(await temporaryFolder(t), 'patients.txt')
  await writeFile(file, 'anna-1\r\n\n  berta-2  \n')
  t.deepEqual(await readPatientFile(file), ['anna-1', 'berta-2'])
  for (const bytes of [Buffer.from('\n \n'), Buffer.from([0x61, 0xff]), Buffer.from(`secret${'x'.repeat(300)}`)]) {
    await writeFile(file, bytes)
    const error = (await t.throwsAsync(readPatientFile(file), { code: 'bad-patient-file' } as object))!
    t.false(error.message.includes('secret'))
  }
})

test('the letter says rounds, records and the bound, names nobody, and has no markup from outside', t => {
  const studies = [
    { name: '<b>Lungs</b>', records: 4, from: 3, to: 41, statistics: true, epsilon: 3, delta: 1e-5 },
    { name: 'Hearts', records: 1, from: 7, to: 7, statistics: false, epsilon: 20, delta: 1e-6 },
  ]
  const letter = withdrawalLetter({ site: 'St. A & B', since: SINCE, studies })
  for (const part of [
    'rounds 3 to 41',
    'round 7',
    '20.1 times',
    'more than a million times',
    'St. A &#38; B',
    '2026-01-02',
  ]) {
    t.true(letter.includes(part), part)
  }
  t.false(letter.includes('<b>'))
  const nothing = withdrawalLetter({ site: 'S', since: SINCE, studies: [] })
  t.true(nothing.includes('part of no study') && !nothing.includes('times as likely'))
})

test('the history is of the studies that have the patient and were charged', t => {
  const dataset = records()
  const charge = (round: number) => ({ round }) as EntryOf<'charge'>
  const terms = {
    name: 'A study',
    sampleRate: 2 ** 29,
    noiseMultiplier: 1.5,
    statistics: { noiseMultiplier: 9 },
    delta: 1e-5,
  } as EntryOf<'study'>
  const ledger = {
    study: (id: string) => (id === 'begun' || id === 'idle' ? terms : undefined),
    charges: (id: string) => (id === 'begun' ? [charge(0), charge(5), charge(2), charge(9)] : []),
  } as unknown as Parameters<typeof historyOf>[2]
  const studies = ['begun', 'idle', 'unknown'].map(study => ({ study, dataset }))
  const [found, ...more] = historyOf(hexOf(2), studies, ledger)
  t.deepEqual(more, [])
  t.like(found, { name: 'A study', records: 3, from: 2, to: 9, statistics: true, delta: 1e-5 })
  const [single] = historyOf(hexOf(0), studies, ledger)
  // under records three of a patient cost more than one
  t.true(found!.epsilon > 1.5 * single!.epsilon)
  t.deepEqual(historyOf(hexOf(9), studies, ledger), [])
  t.is(recordsAt(dataset, Uint32Array.of(0)).count, 1)
})
