// Claims: what was entered in a ledger is there after any crash, what was cut off is not, and a process that is killed at
// any instant leaves a ledger that opens; whoever changes the file stops the node, with the line; a full disk loses nothing.

import { spawn } from 'node:child_process'
import { appendFile, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { Ledger, ledgerPath, readLedgerFile } from '../../../node/privacy/ledger-file.ts'
import type { LedgerEntry } from '../../../protocols/ledger/entry.ts'
import { Dice } from '../../helpers/dice.ts'

const KILLS = 12
const at = '2026-01-01T00:00:00.000Z'
const study = 'a'.repeat(64)
const folderOf = () => mkdtemp(join(tmpdir(), 'confrere-ledger-'))

const opening: LedgerEntry[] = [
  { kind: 'account', at, account: 1, merges: [], records: 10, delta: 1e-5 },
  {
    ...{ kind: 'study', at, account: 1, study, name: 'X-rays', sampleRate: 2 ** 29, noiseMultiplier: 1.5 },
    ...{ delta: 1e-5, epsilon: 900, rounds: 100_000, colluders: 1 },
  },
]

const charge = (ledger: Ledger, round: number) =>
  ledger.enter(ledger => ({
    ...{ kind: 'charge', at, account: 1, study, round: round + 1, sid: round.toString(16).padStart(64, '0') },
    ...{
      sampleRate: 2 ** 29,
      noiseMultiplier: 1.5,
      contributors: 4,
      ...ledger.price({ account: 1, study }, { training: 1 }),
    },
  }))

async function charged(folder: string, rounds: number): Promise<void> {
  const ledger = await Ledger.open(folder)
  for (const entry of opening) await ledger.enter(() => entry)
  for (let round = 0; round < rounds; round++) await charge(ledger, round)
  await ledger.close()
}

test('what was entered is there at the next start, and grows on from there', async t => {
  const folder = await folderOf()
  await charged(folder, 3)
  const ledger = await Ledger.open(folder)
  t.is(ledger.books.charges(study).length, 3)
  await Promise.all([charge(ledger, 3), charge(ledger, 4)])
  const { head } = ledger
  await ledger.close()
  const read = await readLedgerFile(ledgerPath(folder))
  t.is(read.head, head)
  t.is(read.ledger.charges(study).length, 5)
  t.is((await stat(ledgerPath(folder))).mode & 0o077, 0)
})

test('half a line at the end is removed, whatever it is, and the ledger goes on', async t => {
  const folder = await folderOf()
  await charged(folder, 2)
  await appendFile(ledgerPath(folder), 'ffff {"kind":"charge"')
  const ledger = await Ledger.open(folder)
  await charge(ledger, 2)
  await ledger.close()
  t.is((await readLedgerFile(ledgerPath(folder))).ledger.charges(study).length, 3)
})

test('a changed ledger is refused with exit code 8, and is left as it is', async t => {
  const folder = await folderOf()
  await charged(folder, 3)
  const file = ledgerPath(folder)
  const text = await readFile(file, 'utf8')
  const forged = text.replace('"contributors":4', '"contributors":5')
  await writeFile(file, forged)
  const error = await t.throwsAsync<OperatorError>(Ledger.open(folder), { instanceOf: OperatorError })
  t.is(error?.exitCode, EXIT.verificationFailed)
  t.regex(error?.message ?? '', /line 3/)
  t.is(await readFile(file, 'utf8'), forged)
})

test('an entry that does not follow is not written', async t => {
  const folder = await folderOf()
  await charged(folder, 1)
  const ledger = await Ledger.open(folder)
  await t.throwsAsync(charge(ledger, 0), { code: 'bad-ledger' })
  await charge(ledger, 1)
  await ledger.close()
  t.is((await readLedgerFile(ledgerPath(folder))).ledger.charges(study).length, 2)
})

test('a process killed at any instant leaves every charge that it told of, and a ledger that opens', async t => {
  const folder = await folderOf()
  await charged(folder, 0)
  const dice = new Dice(7, 0)
  const script = `
    const { Ledger } = await import(${JSON.stringify(new URL('../../../node/privacy/ledger-file.ts', import.meta.url).href)})
    const ledger = await Ledger.open(${JSON.stringify(folder)})
    const study = ${JSON.stringify(study)}
    for (let round = ledger.books.charges(study).length; ; round++) {
      await ledger.enter(books => ({
        kind: 'charge', at: ${JSON.stringify(at)}, account: 1, study, round: round + 1, sid: round.toString(16).padStart(64, '0'),
        sampleRate: 2 ** 29, noiseMultiplier: 1.5, contributors: 4, ...books.price({ account: 1, study }, { training: 1 }),
      }))
      process.stdout.write(round + '\\n')
    }`
  let least = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const wanted = least + 1 + dice.below(40)
    let told = ''
    for await (const chunk of child.stdout) {
      told += chunk
      if (Number(told.trim().split('\n').at(-1)) >= wanted) child.kill('SIGKILL')
    }
    // the last number may be cut off as well
    const whole = told.slice(0, told.lastIndexOf('\n')).split('\n')
    const { ledger } = await readLedgerFile(ledgerPath(folder))
    const rounds = ledger.charges(study).length
    t.true(rounds > Number(whole.at(-1)), 'a charge that was told of is missing')
    t.true(rounds >= least, 'the ledger went down')
    least = rounds
  }
  t.true(least > KILLS)
})
