/** `confrere doctor`: what is wrong with this node or will be, and what to do about it. @module */

import type { Command } from 'commander'
import { examine, exitCodeOf, type NamedFinding } from '../../doctor/examine.ts'
import { addJsonOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

export function addDoctor(command: Command): void {
  addJsonOption(command)
    .option('--data <folder>', "the node's data folder; without it only the machine is checked")
    .action(doctor)
}

async function doctor({ data, json }: { data?: string; json?: true }): Promise<void> {
  const findings = await examine(data ?? null, { which: 'all' })
  const failures = findings.filter(({ state }) => state === 'failed').length
  if (json) printJson({ ok: failures === 0, checks: findings.map(plain) })
  else printLines(...findings.flatMap(findingLines), summary(findings, failures))
  process.exitCode = exitCodeOf(findings)
}

function plain(finding: NamedFinding) {
  const { check, state, found } = finding
  return { check, state, found, remedy: 'remedy' in finding ? finding.remedy : null }
}

/** A finding in words, with its remedy below. */
export function findingLines(finding: NamedFinding): string[] {
  const { check, state, found } = finding
  const line = `${state.padEnd('not-checked'.length)}  ${check.padEnd('multicast'.length)}  ${found}`
  return 'remedy' in finding ? [line, `  remedy: ${finding.remedy}`] : [line]
}

function summary(findings: readonly NamedFinding[], failures: number): string {
  const warnings = findings.filter(({ state }) => state === 'warning').length
  if (failures === 0 && warnings === 0) return 'Nothing is wrong.'
  const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
  return `${counted(failures, 'failure')}, ${counted(warnings, 'warning')}.`
}
