/** Tests that a check sees a bug: each runs the check in a process of its own, with the bug in the production code. @module */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { PLANT_VARIABLE } from '../../helpers/tree/plant.ts'
import type { Plant } from './plant.ts'

interface Found {
  readonly wrong: string | null
  readonly measured: string
  readonly threw?: string
  readonly planted: boolean
}

/** One test for each bug, one after the other: each takes a core for itself. */
export function testPlants(plants: readonly Plant[]): void {
  for (const { name, bug, seenBy, refusal } of plants) {
    test.serial(`${name}, by ${seenBy}: ${bug}`, async t => {
      const args = ['--import', join(import.meta.dirname, 'preload.ts'), join(import.meta.dirname, 'hunt.ts'), seenBy]
      const env = { ...process.env, [PLANT_VARIABLE]: name }
      const { stdout } = await promisify(execFile)(process.execPath, args, { env })
      const { wrong, measured, threw, planted } = JSON.parse(stdout) as Found
      t.log(wrong ?? threw ?? measured)
      t.true(planted, 'the bug is not in what ran')
      // a check that breaks down has seen nothing
      if (refusal === undefined) t.is(threw, undefined, `${seenBy} broke down: ${threw}`)
      if (refusal === undefined) t.truthy(wrong, `${seenBy} sees nothing: ${measured}`)
      else t.regex(threw ?? '', refusal)
    })
  }
}
