// Claims of node/network/reach: two nodes whose kernels have no route to each other meet through a third; where one of
// them has a public address, the other dials it as soon as they have met.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const MAIN = join(import.meta.dirname, '../../../../sim/reach/main.ts')

test.serial('two networks without a route between them meet through a hospital that is in both', async t => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN], { timeout: 120_000 })
  const result = JSON.parse(stdout) as { skipped?: string; way: object; failures: { text: string }[]; relayed: object }
  if (result.skipped !== undefined) return t.pass(`skipped: ${result.skipped}`)
  t.log(stdout.trim())
  t.like(result.way, { via: 'relay' })
  t.is(result.failures[0]?.text, 'there is no route to that address')
})

test.serial('who is reached through a relay dials back to a public address, and the relay is done', async t => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--reverse'], { timeout: 120_000 })
  const result = JSON.parse(stdout) as { skipped?: string; first: object; way: object }
  if (result.skipped !== undefined) return t.pass(`skipped: ${result.skipped}`)
  t.log(stdout.trim())
  t.like(result.first, { via: 'relay' })
  t.like(result.way, { via: 'direct' })
})
