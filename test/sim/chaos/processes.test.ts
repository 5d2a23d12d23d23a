// Claim: hospitals as real processes, one of them killed in every round, certify every round, with one model everywhere.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import type { Outcome } from '../../../sim/chaos/trial.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const MAIN = join(import.meta.dirname, '../../../sim/chaos/main.ts')

test('three rounds, three kills, three certificates, one model', async t => {
  const json = join(await temporaryFolder(t), 'outcome.json')
  const args = ['--scenario', 'kill', '--seed', '2', '--rounds', '3', '--json', json]
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args])
  t.regex(stdout, /^kill +2 +3\/3 .* yes +passed$/m)
  const [outcome] = JSON.parse(await readFile(json, 'utf8')) as [Outcome]
  t.like(outcome, { outcome: 'passed', certified: 3, restarts: 3, hashesEqual: true, reasons: [] })
  t.true(outcome.longestMs! > 0 && outcome.longestMs! < 60_000)
})
