/** `confrere rounds`: the finished rounds, as the running node has them. @module */

import type { Command } from 'commander'
import { type NodeAddress, openNodeClient } from '../../http/node-client.ts'
import type { RoundRecord } from '../../storage/round-record.ts'
import { addJsonOption, addNodeOptions, wholeNumber } from '../options.ts'
import { printJson, printLines } from '../output.ts'

const ROUNDS_MAX = 1_000_000
const LAST_DEFAULT = 20

interface RoundsOptions extends NodeAddress {
  since?: number
  last: number
  json?: true
}

export function addRounds(command: Command): void {
  addJsonOption(addNodeOptions(command))
    .option('--since <round>', 'only rounds after this one', wholeNumber(1, ROUNDS_MAX))
    .option('--last <count>', 'at most so many, the newest', wholeNumber(1, ROUNDS_MAX), LAST_DEFAULT)
    .action(showRounds)
}

async function showRounds({ since, last, json, ...address }: RoundsOptions): Promise<void> {
  const path = since === undefined ? '/v1/rounds' : `/v1/rounds?since=${since}`
  const all = await (await openNodeClient(address)).ask<RoundRecord[]>(path, Array.isArray)
  const rounds = all.slice(-last)
  if (json) return printJson({ rounds })
  if (rounds.length === 0) return printLines('No round is finished yet.')
  printLines(...rounds.map(roundLine))
}

function roundLine({ round, outcome, views, contributors, durationMs, checkpoint }: RoundRecord): string {
  const took = `${(durationMs / 1000).toFixed(1)} s${views > 1 ? `, ${views} views` : ''}`
  const what = outcome === 'result' ? `checkpoint ${checkpoint?.slice(0, 12) ?? 'unknown'}` : 'no result (VOID)'
  return `round ${String(round).padStart(4)}  ${contributors.length} contributors, ${took}, ${what}`
}
