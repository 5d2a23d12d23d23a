// Claims of node/network/reach, with real processes from the first invitation to the last round: a study trains where two
// of three hospitals reach each other through the third one only; and where they reach it only through a proxy that lets out
// port 443, and TLS of a web server with an authority of its own.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import type { StudyReport } from '../../../../sim/reach/study.ts'

const MAIN = join(import.meta.dirname, '../../../../sim/reach/main.ts')
const ROUNDS = 10
/** They take some minutes: the suite leaves them out, CONTRIBUTING.md says how to run them. */
const long = process.env['CONFRERE_LONG'] === '1' ? test.serial : test.skip

/** @returns undefined where it cannot be run here, which the test then says */
async function studied(t: ExecutionContext, way: StudyReport['way']): Promise<StudyReport | undefined> {
  t.timeout(300_000)
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--study', way], { timeout: 280_000 })
  const report = JSON.parse(stdout) as StudyReport & { skipped?: string }
  if (report.skipped !== undefined) {
    t.pass(`skipped: ${report.skipped}`)
    t.log(`skipped: ${report.skipped}`)
    return
  }
  t.log(JSON.stringify(report.rounds))
  t.is(report.models.length, 3)
  t.is(new Set(report.models).size, 1)
  for (const { results } of Object.values(report.rounds)) t.is(results, ROUNDS)
  t.regex(report.peers, /Hospital C .*\n {4}reached through Hospital A, which sees ciphertext only\n/)
  return report
}

long('two hospitals that reach only a third become contacts and train through it (with CONFRERE_LONG=1)', async t => {
  const report = await studied(t, 'relay')
  if (report) t.regex(report.peers, /Hospital A .*\n {4}reached directly\n/)
})

long(
  'an invitation to a node behind nginx works through a proxy that lets out only 443 (with CONFRERE_LONG=1)',
  async t => {
    const report = await studied(t, 'proxy-web')
    if (report === undefined) return
    t.deepEqual(report.invited, ['/dns4/a.example/tcp/443/tls/ws/http-path/confrere'])
    t.regex(report.peers, /Hospital A .*\n {4}reached through the proxy http:\/\/10\.78\.1\.1:3128\n/)
  },
)
