// Claims of node/privacy/{statement,signed-head}.ts: a statement is one page without script that names the figures of the
// ledger; its signed head tells whether a ledger begins with the lines of then, whichever line of them was changed.

import test from 'ava'
import fc from 'fast-check'
import { createSigner } from '../../../crypto/signature.ts'
import { epsilonText } from '../../../node/privacy/epsilon-text.ts'
import { privacyReport } from '../../../node/privacy/report.ts'
import { beginsWith, openHead, signHead } from '../../../node/privacy/signed-head.ts'
import { privacyStatement, signedHeadIn } from '../../../node/privacy/statement.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { type EntryOf, headsOf, type LedgerEntry } from '../../../protocols/ledger/entry.ts'
import { LedgerState } from '../../../protocols/ledger/ledger.ts'
import { seededBytes } from '../../helpers/seeded-rng.ts'

const at = '2026-01-02T03:04:05.000Z'
const signer = createSigner(seededBytes('statement', 32))
const peer = peerIdString(signer.id)
const study = 'a'.repeat(64)

/** A ledger with so many charges, the last two of evaluations. */
function ledgerOf(charges: number): LedgerEntry[] {
  const mechanism = { sampleRate: 2 ** 29, noiseMultiplier: 1.5 }
  const evaluation = { noiseMultiplier: 6, rounds: 2 }
  const ledger = LedgerState.of([])
  const entries: LedgerEntry[] = []
  const add = (entry: LedgerEntry): void => {
    ledger.add(entry)
    entries.push(entry)
  }
  add({ kind: 'hospital', format: 2, at, account: 1, closes: [], peer, delta: 1e-5 })
  add({
    ...{ kind: 'study', at, account: 1, study, name: 'Lungs <b>&', ...mechanism, evaluation, unit: 'patient' },
    ...{ validationShare: 0.15, delta: 1e-5, epsilon: 3, rounds: 50, colluders: 2 },
  })
  for (let round = 1; round <= charges; round++) {
    const kind = round > charges - 2 ? 'evaluation' : 'training'
    const terms = kind === 'evaluation' ? { sampleRate: 2 ** 32, noiseMultiplier: 6 } : mechanism
    const place = { account: 1, study, round, sid: round.toString(16).padStart(64, '0') }
    const subAccount = kind === 'evaluation' ? 'validation' : 'training'
    const price = ledger.price({ account: 1, study }, { [kind]: 1 })
    add({
      kind: 'charge',
      at,
      ...place,
      ...terms,
      roundKind: kind,
      subAccount,
      contributors: 4,
      ...price,
    } as EntryOf<'charge'>)
  }
  return entries
}

const entries = ledgerOf(12)
const head = headsOf(entries).at(-1)!
const signedHead = signHead(signer, { head, entries: entries.length, at })
const page = () => {
  const report = privacyReport({ ledger: LedgerState.of(entries), documents: new Map(), epsilonMax: 5 })
  return privacyStatement({ site: 'Hospital <A>', peer, at, report, entries, head, signedHead })
}

test('the page says what was promised and spent on both sides, and runs nothing', t => {
  const text = page()
  t.regex(text, /Hospital &lt;A&gt;/)
  t.regex(text, /Lungs &lt;b&gt;&amp;/)
  t.regex(text, /10 of 50 of training, and 2 evaluations/)
  t.regex(text, /of patients who are trained on and of those who are held back/)
  t.true(text.includes(`Spent in all</th><td>ε ${epsilonText(LedgerState.of(entries).balances()[0]!.epsilon)} `))
  t.regex(text, /each evaluation 6/)
  // a study of records promises nothing about a patient who has several
  t.regex(text, /a patient with all records here or a single record, as each study below says/)
  t.regex(text, /cap<\/th><td>ε 5/)
  t.notRegex(text, /<script|https?:/)
  t.is(signedHeadIn(text), signedHead)
})

test('the signed head says who signed over how many lines, and is of no other', t => {
  t.deepEqual(openHead(signedHead), { peer, head, entries: entries.length, at })
  fc.assert(
    fc.property(fc.nat({ max: signedHead.length - 1 }), fc.constantFrom('A', 'B', '_', '!'), (place, letter) => {
      const other = signedHead.slice(0, place) + letter + signedHead.slice(place + 1)
      const opened = openHead(other)
      t.true(other === signedHead || opened === undefined || opened.peer === peer)
      // the last letter holds bits that no byte has
      if (other !== signedHead && place < signedHead.length - 1) t.is(opened, undefined)
    }),
  )
  for (const text of ['', 'x', signedHead.repeat(20)]) t.is(openHead(text), undefined)
})

test('a ledger that goes on begins with the lines of then; one with any of them changed, or fewer, does not', t => {
  const signed = openHead(signedHead)!
  t.true(beginsWith(entries, signed))
  const more: LedgerEntry = { kind: 'reserve', at, account: 1, study, round: 13, sid: '0'.repeat(64) }
  t.true(beginsWith([...entries, more], signed))
  t.false(beginsWith(entries.slice(0, -1), signed))
  for (const [index, entry] of entries.entries()) {
    t.false(beginsWith(entries.with(index, { ...entry, at: '2026-01-02T03:04:06.000Z' }), signed), `line ${index + 1}`)
  }
})
