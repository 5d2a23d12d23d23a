// Claims: two studies that reserve through one ledger file at the same moment never get more than its caps pay for; after a
// crash between reservation and charge of one of them the other still counts that round.

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { PrivacyAccount } from '../../../node/privacy/account.ts'
import { Ledger } from '../../../node/privacy/ledger-file.ts'
import { hex } from '../../../protocols/immutable.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import type { Entry } from '../../../protocols/round/effects.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const signers = testSigners(4)
const NOISE = { clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1.2, delta: 1e-5, epsilon: 3, colluders: 1 }
const DOCUMENTS = ['One', 'Two'].map((name): StudyDocument => {
  return { ...testStudy(signers, { rounds: 40 }), name, privacy: { noise: 'distributed', ...NOISE } }
})

async function open(folder: string, epsilonMax: number): Promise<{ ledger: Ledger; accounts: PrivacyAccount[] }> {
  const ledger = await Ledger.open(folder)
  const terms = { epsilonMax, peer: peerString(signers[0]!.id), population: null, roundsKnown: false }
  const accounts: PrivacyAccount[] = []
  for (const document of DOCUMENTS) {
    const study = hex(studyIdOf(document))
    accounts.push(await PrivacyAccount.in(ledger, { document, study, now: () => '2026-06-01T00:00:00.000Z', ...terms }))
  }
  return { ledger, accounts }
}

const sidOf = (round: number) => new Uint8Array(32).fill(round)
const reserve = (round: number): Entry => ({ kind: 'reserve', round, sid: sidOf(round) })
const charge = (round: number): Entry => ({ kind: 'charge', round, sid: sidOf(round), contributors: 4 })

/** An epsilon that pays for so many rounds of the first study alone, and little more. */
async function capFor(rounds: number): Promise<number> {
  const { ledger, accounts } = await open(await mkdtemp(join(tmpdir(), 'confrere-two-')), 8)
  for (let round = 1; round <= rounds; round++) await accounts[0]!.enter([reserve(round), charge(round)])
  const total = accounts[0]!.total()
  await ledger.close()
  return total * 1.0001
}

test('of two reservations at the same moment one is refused, where the cap pays for one', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'confrere-two-'))
  const { ledger, accounts } = await open(folder, await capFor(1))
  t.true(accounts.every(account => account.paysNext()))
  const outcomes = await Promise.allSettled(accounts.map(account => account.enter([reserve(1)])))
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  t.like((outcomes[1] as PromiseRejectedResult).reason, { code: 'privacy-budget-exhausted' })
  // killed before the charge
  await ledger.close()
  const again = await open(folder, await capFor(1))
  t.deepEqual(
    again.accounts.map(account => account.paysNext()),
    [true, false],
  )
  await t.throwsAsync(again.accounts[1]!.enter([reserve(1)]), { code: 'privacy-budget-exhausted' })
  await again.accounts[0]!.enter([charge(1)])
  t.true(again.accounts[0]!.total() <= (await capFor(1)))
  await again.ledger.close()
})

test('two studies that race to the cap never pass it together', async t => {
  const cap = 2 * (await capFor(7))
  const { ledger, accounts } = await open(await mkdtemp(join(tmpdir(), 'confrere-two-')), cap)
  const spent = await Promise.all(
    accounts.map(async account => {
      let round = 0
      try {
        for (;;) {
          await account.enter([reserve(round + 1)])
          round += 1
          await account.enter([charge(round)])
        }
      } catch (error) {
        t.like(error, { code: 'privacy-budget-exhausted' })
        return round
      }
    }),
  )
  t.true(accounts[0]!.total() <= cap, `${accounts[0]!.total()} of ${cap}`)
  t.true(
    spent.every(rounds => rounds > 0),
    `${spent}`,
  )
  await ledger.close()
})
