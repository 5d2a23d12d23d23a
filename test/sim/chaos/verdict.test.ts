// Claim of sim/chaos/verdict.ts: a sound outcome has no findings, and each thing that may go wrong has its own.

import test from 'ava'
import type { RoundRecord } from '../../../node/storage/round-record.ts'
import type { Account, AccountLink } from '../../../sim/chaos/node-findings.ts'
import { findings, hashesEqual, type TrialOutcome, unequalRounds, violations } from '../../../sim/chaos/verdict.ts'

const ROUNDS = 4
const PROMISED = { rounds: ROUNDS, roundMsMax: 60_000, voidsMax: 0 }
const SITES = ['Alder', 'Birch', 'Cedar', 'Elm']

const linkOf = (round: number): AccountLink => ({
  round,
  outcome: 'result',
  checkpoint: `${round}`.repeat(64),
  // everybody but the one at home in this round
  members: [0, 1, 2, 3].filter(rank => rank !== round % 4),
})
const recordOf = ({ round, outcome, checkpoint }: AccountLink): RoundRecord => ({
  round,
  outcome,
  checkpoint,
  views: 1,
  contributors: [],
  durationMs: 1,
  trainMs: 1,
  beyondMs: 1,
  bytesSent: 1,
})

/** What a sound trial leaves, with one account changed. */
function outcome(change: (account: Account) => Partial<Account> = () => ({}), at = 1): TrialOutcome {
  const links = Array.from({ length: ROUNDS }, (_, round) => linkOf(round + 1))
  const accounts = SITES.map((site, rank): Account => {
    const charges = links.filter(({ members }) => members.includes(rank)).map(({ round }) => round)
    const sound = { site, rank, links, charges, transcript: 'aa' }
    return rank === at ? { ...sound, ...change(sound) } : sound
  })
  return {
    accounts,
    said: accounts.map(() => links.map(recordOf)),
    durations: links.map(({ round }) => ({ round, ms: 1000 })),
  }
}

const changed = (links: readonly AccountLink[], round: number, change: Partial<AccountLink>): AccountLink[] =>
  links.map(link => (link.round === round ? { ...link, ...change } : link))

test('a sound outcome has no findings, also when a hospital charged more than it released', t => {
  t.deepEqual(findings(outcome(), PROMISED), [])
  t.deepEqual(
    findings(
      outcome(({ charges }) => ({ charges: [...charges, 1, 2, 3, 4] })),
      PROMISED,
    ),
    [],
  )
  t.true(hashesEqual(outcome()))
})

test('an unequal hash is found, in a store and in what was said', t => {
  const stored = outcome(({ links }) => ({ links: changed(links, 3, { checkpoint: 'f'.repeat(64) }) }))
  t.regex(violations(stored).join(), /^Round 3 has two certificates: .*by Alder, .*Cedar.*; result ffff.* by Birch$/)
  t.false(hashesEqual(stored))
  const { said, ...rest } = outcome()
  const lied = said.map((records, at) =>
    records.map(record => (at === 2 && record.round === 2 ? { ...record, checkpoint: 'e'.repeat(64) } : record)),
  )
  t.regex(violations({ ...rest, said: lied }).join(), /^Round 2 has two certificates: .*by Cedar \(said\)$/)
})

test('a result at one and a VOID at another are two certificates', t => {
  const found = unequalRounds(
    outcome(({ links }) => ({ links: changed(links, 4, { outcome: 'void', checkpoint: '' }) })),
  )
  t.regex(found.join(), /^Round 4 has two certificates/)
})

test('a transcript that differs in something else than its checkpoints is found', t => {
  t.deepEqual(violations(outcome(() => ({ transcript: 'bb' }))), ['The transcripts differ'])
})

test('a missing round is found', t => {
  const found = findings(
    outcome(({ links }) => ({ links: links.filter(({ round }) => round !== 2) })),
    PROMISED,
  )
  t.deepEqual(found, ['Birch has no certificate of round 2'])
  const none = { accounts: outcome().accounts.map(account => ({ ...account, links: [] })), said: [], durations: [] }
  t.is(findings(none, PROMISED).length, SITES.length)
  t.false(hashesEqual(none))
})

test('a slow round is found, one that is just in time is not', t => {
  const took = (ms: number) => findings({ ...outcome(), durations: [{ round: 3, ms }] }, PROMISED)
  t.deepEqual(took(60_000), [])
  t.deepEqual(took(60_200), ['Round 3 took 60.2 s, at most 60 s promised'])
})

test('a VOID round more than may be is found', t => {
  const { accounts, ...rest } = outcome()
  const voided = accounts.map(account => ({
    ...account,
    links: changed(account.links, 2, { outcome: 'void', checkpoint: '' }),
  }))
  const all = { ...rest, said: [], accounts: voided }
  t.deepEqual(findings(all, PROMISED), ['Round 2 ended VOID; at most 0 may'])
  t.deepEqual(findings(all, { ...PROMISED, voidsMax: 1 }), [])
})

test('a release without a charge is found', t => {
  const found = violations(outcome(({ charges }) => ({ charges: charges.filter(round => round !== 3) })))
  t.deepEqual(found, ['Birch released in round 3 and did not charge it'])
})
