// Claims: patients with more in the data are priced beside every epsilon, over all studies together as well; the main
// thread asks and does not compute; a study promised to two hospitals is charged and capped as such.

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { RDP_ORDERS, rdpSubsampledGaussian, rdpToEpsilon } from '../../../crypto/accounting/rdp.ts'
import { tellPromise } from '../../../node/daemon/startup.ts'
import { Ledger } from '../../../node/privacy/ledger-file.ts'
import {
  hospitalsShown,
  plannedOfHospitals,
  plannedOfRecords,
  pricedElsewhere,
  pricedNow,
  pricesOf,
  type Spent,
} from '../../../node/privacy/patient-epsilons.ts'
import { privacyReport } from '../../../node/privacy/report.ts'
import type { EntryOf } from '../../../protocols/ledger/entry.ts'
import { epsilonsOfCopies, NO_ROUNDS, termsIn, termsOfStudy } from '../../../protocols/ledger/spending.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import { chargedEpsilonOf } from '../../../protocols/study/epsilons.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const at = '2026-01-01T00:00:00.000Z'
const delta = 1e-5
const privacy: StudyDocument['privacy'] = {
  ...{ noise: 'distributed', clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 2, delta, epsilon: 3 },
  colluders: 1,
}
const studyOf = (copies: number) => testStudy(testSigners(4), { copies, rounds: 12, privacy })

interface SpentStudy {
  readonly name: string
  readonly document: StudyDocument
  /** of training patients, and after them of validation patients */
  readonly rounds: number
  readonly validation?: number
  readonly more?: Pick<EntryOf<'study'>, 'unit' | 'validationShare'>
}

/** The ledger of a hospital in which each study has charged so many rounds. */
async function spent(studies: readonly SpentStudy[]) {
  const ledger = await Ledger.open(await mkdtemp(join(tmpdir(), 'confrere-patients-')))
  const peer = peerString(testSigners(1)[0]!.id)
  await ledger.enter(() => ({ kind: 'hospital', format: 2, at, account: 1, closes: [], peer, delta }))
  for (const { name, document, rounds, validation = 0, more = {} } of studies) {
    const study = name.repeat(64)
    const terms = { ...termsOfStudy(document), ...more, delta, epsilon: 3, rounds: 12, colluders: 1 }
    await ledger.enter(() => ({ kind: 'study', at, account: 1, study, name, ...terms }))
    for (let round = 1; round <= rounds + validation; round++) {
      const subAccount = round > rounds ? 'validation' : 'training'
      const place = { account: 1, study, round, sid: round.toString(16).padStart(64, '0') }
      await ledger.enter(() => ({ kind: 'reserve', at, ...place }))
      await ledger.enter(books => ({
        ...{ kind: 'charge', at, ...place, ...termsIn(books.study(study) as EntryOf<'study'>, 'training'), subAccount },
        ...{ contributors: 4, ...books.price({ ...place, subAccount }, { training: 1 }) },
      }))
    }
  }
  return ledger
}

test('what is shown: one, two and three hospitals, and those that are promised; two, five and ten records', t => {
  t.deepEqual(hospitalsShown(), [1, 2, 3])
  t.deepEqual(hospitalsShown(3), [1, 2, 3])
  t.deepEqual(hospitalsShown(5), [1, 2, 3, 5])
  const document = studyOf(2)
  for (const { hospitals, colluding } of plannedOfHospitals(document)) {
    t.is(colluding, chargedEpsilonOf(document, hospitals))
  }
  t.deepEqual(
    plannedOfRecords(document).map(({ records, colluding }) => [records, colluding]),
    [2, 5, 10].map(records => [records, chargedEpsilonOf(document, records)]),
  )
})

test('a study promised to two hospitals is charged as that, and the ledger refuses to call it one', async t => {
  const ledger = await spent([{ name: 'a', document: studyOf(2), rounds: 3 }])
  const { books } = ledger
  const expected = pldEpsilon([{ sampleRate: 2 ** -4, noiseMultiplier: 2, steps: 3, copies: 2 }], { delta })
  const [last] = books.charges('a'.repeat(64)).slice(-1)
  t.is(last!.epsilon, expected)
  t.is(last!.copies, 2)
  const place = { account: 1, study: 'a'.repeat(64), round: 9, sid: '9'.repeat(64) }
  const { copies, ...one } = { ...last!, ...place }
  t.is(copies, 2)
  t.throws(() => books.check({ ...one, ...books.price(place, { training: 1 }) }), { message: /terms are not/ })
  const rounds = books.affordable({ ...place, totalMax: expected * 1.2 })
  t.true(rounds < 9)
  await ledger.close()
})

test('over two studies the epsilons of 1 / 2 / 3 hospitals add up by Rényi, whatever each study promises', async t => {
  const ledger = await spent([
    { name: 'a', document: studyOf(1), rounds: 3 },
    { name: 'b', document: studyOf(2), rounds: 2 },
  ])
  const report = privacyReport({ ledger: ledger.books, documents: new Map(), epsilonMax: 8 })
  const [account] = report.accounts
  const mechanism = { sampleRate: 2 ** -4, noiseMultiplier: 2 }
  const ofBoth = (copies: readonly [number, number]) => {
    const [a, b] = copies.map(count => rdpSubsampledGaussian({ ...mechanism, copies: count }))
    return rdpToEpsilon(
      Float64Array.from(RDP_ORDERS, (_, order) => 3 * a![order]! + 2 * b![order]!),
      delta,
    )
  }
  t.deepEqual(
    account!.epsilonsOfPatient!.map(({ hospitals, colluding }) => [hospitals, colluding]),
    [1, 2, 3].map(count => [count, ofBoth([count, count])]),
  )
  t.is(account!.epsilon, ofBoth([1, 2]), 'charged is what each of them promises')
  t.deepEqual(
    account!.studies.map(({ copies, epsilonsOfPatient }) => [copies, epsilonsOfPatient!.length]),
    [
      [1, 3],
      [2, 3],
    ],
  )
  const [, second] = account!.studies
  t.is(second!.epsilonsOfPatient![1]!.colluding, second!.colluding)
  t.deepEqual(second!.epsilonsOfRecords![0], { records: 2, colluding: second!.colluding })
  await ledger.close()
})

test('where patients are kept apart, one pays on the dearer side; one of several hospitals may be on both, and pays for both', async t => {
  const more = { validationShare: 0.2 }
  const ledger = await spent([
    { name: 'a', document: studyOf(1), rounds: 1, validation: 3, more },
    { name: 'b', document: studyOf(1), rounds: 4, validation: 1, more },
  ])
  const [account] = privacyReport({ ledger: ledger.books, documents: new Map(), epsilonMax: 8 }).accounts
  const ofRounds = (rounds: number, copies: number) => {
    const one = rdpSubsampledGaussian({ sampleRate: 2 ** -4, noiseMultiplier: 2, copies })
    return rdpToEpsilon(
      Float64Array.from(RDP_ORDERS, (_, order) => rounds * one[order]!),
      delta,
    )
  }
  t.true(account!.apart)
  t.is(account!.epsilon, ofRounds(1 + 4, 1))
  t.deepEqual(
    account!.epsilonsOfPatient!.map(({ colluding }) => colluding),
    [ofRounds(1 + 4, 1), ofRounds(1 + 4 + 3 + 1, 2), ofRounds(1 + 4 + 3 + 1, 3)],
  )
  const [first] = account!.studies
  t.is(first!.epsilonsOfPatient![0]!.colluding, first!.colluding)
  t.is(first!.colluding, pldEpsilon([{ sampleRate: 2 ** -4, noiseMultiplier: 2, steps: 3, copies: 1 }], { delta }))
  const pending = privacyReport({ ledger: ledger.books, documents: new Map(), epsilonMax: 8, patients: () => null })
  t.is(pending.accounts[0]!.epsilonsOfPatient, null)
  await ledger.close()
})

test('a study of patients says so in the ledger and in reports, and has no epsilons by the number of records', async t => {
  const ledger = await spent([
    { name: 'a', document: studyOf(1), rounds: 1, more: { unit: 'patient' } },
    { name: 'b', document: studyOf(1), rounds: 1 },
  ])
  const [account] = privacyReport({ ledger: ledger.books, documents: new Map(), epsilonMax: 8 }).accounts
  const [patients, records] = account!.studies
  t.like(patients, { unit: 'patient', epsilonsOfRecords: null })
  t.is(patients!.epsilonsOfPatient!.length, 3)
  t.is(records!.unit, 'record')
  t.deepEqual(
    records!.epsilonsOfRecords!.map(({ records }) => records),
    [2, 5, 10],
  )
  const { unit, ...other } = ledger.books.study('a'.repeat(64)) as EntryOf<'study'>
  t.is(unit, 'patient')
  t.throws(() => ledger.books.check(other), { message: /other terms/ })
  await ledger.close()
})

test('what another thread computes is unknown until it answers, asked for once, and then known', async t => {
  const answers: PromiseWithResolvers<number[]>[] = []
  const price = pricedElsewhere(() => {
    answers.push(Promise.withResolvers())
    return answers.at(-1)!.promise
  })
  const question: Spent = { studies: [], delta, copies: [1, 2] }
  t.is(price(question), null)
  t.is(price(question), null)
  t.is(answers.length, 1)
  answers[0]!.reject(new Error('the thread has ended'))
  await Promise.allSettled([answers[0]!.promise])
  t.is(price(question), null, 'asked for again')
  t.is(answers.length, 2)
  answers[1]!.resolve([0.5, 1.5])
  await answers[1]!.promise
  const known = [
    { hospitals: 1, colluding: 0.5 },
    { hospitals: 2, colluding: 1.5 },
  ]
  t.deepEqual(price(question), known)
  t.is(answers.length, 2)
})

test('what is charged so far is that of the study’s plan after all its rounds; without noise there is none', t => {
  const document = studyOf(1)
  const rounds = { ...NO_ROUNDS, training: 12 }
  t.deepEqual(
    pricesOf(document, rounds, pricedNow),
    [1, 2, 3].map(hospitals => ({ hospitals, colluding: chargedEpsilonOf(document, hospitals) })),
  )
  t.deepEqual(
    pricesOf(document, NO_ROUNDS, pricedNow),
    [1, 2, 3].map(hospitals => ({ hospitals, colluding: 0 })),
  )
  t.is(pricesOf(testStudy(testSigners(4)), rounds, pricedNow), null)
})

test('a node that starts logs the promise and what is left of it to a patient of several hospitals', async t => {
  const said: [object, string][] = []
  const log = { info: (fields: object, text: string) => void said.push([fields, text]) }
  const worker = {
    epsilonsOfCopies: async (...spent: Parameters<typeof epsilonsOfCopies>) => epsilonsOfCopies(...spent),
  }
  await tellPromise(studyOf(2), worker, log as never)
  t.is(said.length, 1)
  t.like(said[0]![0], { epsilon: 3, unit: 'record', copies: 2 })
  t.regex(
    said[0]![1],
    /at most epsilon 3 of one record .* at each of up to 2 hospitals; a patient known to 1 \/ 2 \/ 3/,
  )
  await tellPromise(testStudy(testSigners(4)), worker, log as never)
  t.is(said.length, 1)
})
