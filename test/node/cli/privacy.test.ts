// Claims of `confrere privacy`: the calculator is the accountant; what was spent is told with all three epsilons; a copy
// of the ledger verifies anywhere, and a changed one does not.

import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { rdpEpsilon } from '../../../crypto/accounting/rdp.ts'
import { EXIT } from '../../../node/errors.ts'
import { Ledger } from '../../../node/privacy/ledger-file.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import { fails, works } from '../../helpers/cli.ts'
import { testSigners } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const at = '2026-01-01T00:00:00.000Z'
const study = 'ab'.repeat(32)
const peer = peerString(testSigners(1)[0]!.id)
const terms = { sampleRate: 2 ** 28, noiseMultiplier: 1.2 }

/** A data folder in which some rounds were charged. */
async function spent(t: ExecutionContext, rounds: number, name?: string): Promise<string> {
  const folder = join(await temporaryFolder(t), 'node')
  await works(t, 'init', '--data', folder, '--site', 'Here')
  const ledger = await Ledger.open(folder)
  const population = name === undefined ? {} : { population: name }
  await ledger.enter(() => ({
    kind: 'hospital',
    format: 2,
    at,
    account: 1,
    closes: [],
    peer,
    ...population,
    delta: 1e-5,
  }))
  await ledger.enter(() => ({
    ...{ kind: 'study', at, account: 1, study, name: 'X-rays', ...terms, delta: 1e-5, epsilon: 3 },
    ...{ rounds: 40, colluders: 2 },
  }))
  for (let round = 1; round <= rounds; round++) {
    const place = { account: 1, study, round, sid: round.toString(16).padStart(64, '0') }
    await ledger.enter(() => ({ kind: 'reserve', at, ...place }))
    await ledger.enter(ledger => ({
      kind: 'charge',
      at,
      ...place,
      ...terms,
      contributors: 4,
      ...ledger.price(place, { training: 1 }),
    }))
  }
  await ledger.close()
  return folder
}

test('the calculator gives both accountants’ epsilons, and the noise for one', async t => {
  const mechanism = ['--sample-rate', '0.01', '--steps', '1000', '--delta', '1e-5']
  const epsilons = await works(t, 'privacy', 'epsilon', ...mechanism, '--noise-multiplier', '1', '--json')
  const step = { sampleRate: 0.01, noiseMultiplier: 1, steps: 1000 }
  const [pld, rdp] = [pldEpsilon([step], { delta: 1e-5 }), rdpEpsilon({ ...step, delta: 1e-5 })]
  const ofCopies = (copies: number) => pldEpsilon([{ ...step, copies }], { delta: 1e-5 })
  t.deepEqual(JSON.parse(epsilons), {
    schemaVersion: 1,
    ...{ pld, rdp },
    epsilonsOfPatient: [1, 2, 3].map(hospitals => ({ hospitals, colluding: ofCopies(hospitals) })),
    epsilonsOfRecords: [2, 5, 10].map(records => ({ records, colluding: ofCopies(records) })),
  })
  const said = await works(t, 'privacy', 'epsilon', ...mechanism, '--noise-multiplier', '1')
  t.regex(said, /a patient known to 1 \/ 2 \/ 3 hospitals: epsilon 1\.829 \/ 3\.98 \/ 6\.344\n/)
  t.regex(said, /a patient with 2 \/ 5 \/ 10 records here: epsilon 3\.98 \/ 11\.64 \/ 27\.9\n/)
  // below the noise of any study there is no patient
  const little = await works(t, 'privacy', 'epsilon', ...mechanism, '--noise-multiplier', '0.04')
  t.notRegex(little, /a patient/)
  const noise = await works(t, 'privacy', 'noise', ...mechanism, '--epsilon', String(pld + 1e-9), '--json')
  t.deepEqual(JSON.parse(noise), { schemaVersion: 1, noiseMultiplier: 1 })
  t.regex(await works(t, 'privacy', 'noise', ...mechanism, '--epsilon', '2'), /noise multiplier 0\.9\d+/)
})

test('the calculator prices copies, and refuses more than it has time for', async t => {
  const mechanism = ['--sample-rate', '0.01', '--steps', '100', '--delta', '1e-5', '--noise-multiplier', '2']
  const step = { sampleRate: 0.01, noiseMultiplier: 2, steps: 100, copies: 3 }
  const [pld, rdp] = [pldEpsilon([step], { delta: 1e-5 }), rdpEpsilon({ ...step, delta: 1e-5 })]
  const json = await works(t, 'privacy', 'epsilon', ...mechanism, '--copies', '3', '--json')
  t.deepEqual(JSON.parse(json), { schemaVersion: 1, pld, rdp, copies: 3 })
  t.regex(
    await works(t, 'privacy', 'epsilon', ...mechanism, '--copies', '3'),
    /a patient with 3 records, or known to 3 hosp/,
  )
  for (const copies of ['0', '1.5', '1001', 'many']) {
    t.regex(await fails(t, EXIT.usage, 'privacy', 'epsilon', ...mechanism, '--copies', copies), /copies|number/)
  }
  await fails(t, EXIT.usage, 'privacy', 'epsilon', ...mechanism.slice(0, -1), '0.01', '--copies', '1000')
})

test('numbers that are none of the calculator’s are a mistake of usage', async t => {
  const with_ = (rate: string, steps: string, delta: string) => [
    ...['privacy', 'epsilon', '--sample-rate', rate, '--steps', steps, '--delta', delta, '--noise-multiplier', '1'],
  ]
  for (const wrong of [with_('1.5', '10', '1e-5'), with_('0.1', '1.5', '1e-5'), with_('0.1', '10', '1')]) {
    await fails(t, EXIT.usage, ...wrong)
  }
})

test('what was spent is shown with the cross-check, and projected', async t => {
  const folder = await spent(t, 5)
  const { accounts } = JSON.parse(await works(t, 'privacy', 'show', '--data', folder, '--json'))
  const expected = pldEpsilon([{ sampleRate: 2 ** -4, noiseMultiplier: 1.2, steps: 5 }], { delta: 1e-5 })
  t.like(accounts[0], { account: 1, peer, population: null, apart: false, epsilon: expected, cap: 8 })
  t.like(accounts[0].studies[0], { charged: 5, rounds: 40, colluding: expected, cap: 3, model: null, alone: null })
  const text = await works(t, 'privacy', 'show', '--data', folder)
  for (const part of [
    'of the hospital',
    '5 of 40 rounds',
    'any 2 hospitals',
    'Rényi',
    'more records',
    'known to 1 / 2 / 3 hospitals',
    'with 2 / 5 / 10 records here',
  ]) {
    t.true(text.includes(part), part)
  }
  const json = await works(t, 'privacy', 'project', '--data', folder, '--rounds', '10', '--json')
  const [projected] = JSON.parse(json).projections
  const later = pldEpsilon([{ sampleRate: 2 ** -4, noiseMultiplier: 1.2, steps: 15 }], { delta: 1e-5 })
  t.like(projected, { more: 10, epsilon: later, total: later, affordable: 35 })
  t.regex(await works(t, 'privacy', 'ledger', '--data', folder), /round 5 .* charged for training: epsilon/)
})

test('a population is named wherever its account is shown', async t => {
  const folder = await spent(t, 1, 'Site B')
  const named = /account 1 of the population "Site B"/i
  for (const command of [['show'], ['ledger'], ['verify'], ['project', '--rounds', '1']]) {
    t.regex(await works(t, 'privacy', ...command, '--data', folder), named, command[0])
  }
  const [account] = JSON.parse(await works(t, 'privacy', 'show', '--data', folder, '--json')).accounts
  t.is(account.population, 'Site B')
})

test('a ledger of format 1 verifies, and is shown as one account', async t => {
  const file = join(import.meta.dirname, '../../vectors/ledger-format-1.txt')
  const text = await works(t, 'privacy', 'verify', '--file', file)
  t.regex(text, /all 10 charges follow/)
  t.is(text.match(/account \d+ of the hospital: epsilon/g)?.length, 1)
})

test('a copy of the ledger verifies anywhere; a changed or shortened one does not, or tells by its head', async t => {
  const folder = await spent(t, 3)
  const file = join(await temporaryFolder(t), 'copy')
  await copyFile(join(folder, 'privacy', 'ledger'), file)
  const verified = JSON.parse(await works(t, 'privacy', 'verify', '--file', file, '--json'))
  t.like(verified, { verified: true, entries: 8, charges: 3 })
  t.is(JSON.parse(await works(t, 'privacy', 'verify', '--data', folder, '--json')).head, verified.head)
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('"round":2', '"round":7'))
  t.regex(await fails(t, EXIT.verificationFailed, 'privacy', 'verify', '--file', file), /line 5/)
  await writeFile(file, text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1))
  t.not(JSON.parse(await works(t, 'privacy', 'verify', '--file', file, '--json')).head, verified.head)
  await fails(t, EXIT.usage, 'privacy', 'verify')
  await fails(t, EXIT.dataUnreadable, 'privacy', 'verify', '--file', join(folder, 'none'))
})

test('before anything was spent there is nothing to show', async t => {
  const folder = join(await temporaryFolder(t), 'node')
  await works(t, 'init', '--data', folder, '--site', 'Here')
  t.regex(await works(t, 'privacy', 'show', '--data', folder), /Nothing was spent/)
  t.regex(await works(t, 'privacy', 'ledger', '--data', folder), /empty/)
})
