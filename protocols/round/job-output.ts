/**
 * Handles the outputs of jobs.
 *
 * @module
 */

import { hex } from '../immutable.ts'
import type { RoundOutput } from '../secure-sum/jobs.ts'
import { isSilent } from './facts.ts'
import { recomputeDone } from './rules/cross-check.ts'
import { fingerprinted } from './rules/fingerprint.ts'
import { masked } from './rules/mask.ts'
import { revealed } from './rules/release.ts'
import { applied } from './rules/result.ts'
import { summed } from './rules/sum.ts'
import { once, type Turn } from './transition.ts'

/** Handles the output of a job of this round. */
export function noteOutput(turn: Turn, output: RoundOutput): void {
  if (output.kind === 'prepare') {
    turn.state = { ...turn.state, key: output.key }
    return
  }
  // all other outputs lead to messages, which we must not send while silent
  if (isSilent(turn.state)) return
  switch (output.kind) {
    case 'mask':
      return masked(turn, output)
    case 'reveal':
      return revealed(turn, output)
    case 'sum':
      return summed(turn, output)
    case 'fingerprint':
      return fingerprinted(turn, output)
    case 'recompute':
      return recomputeDone(turn, output)
    case 'mismatch':
      once(turn, `mismatch:${hex(output.challenge)}`)
      return
    case 'apply':
      return applied(turn, output)
    case 'failed':
      return failed(turn, output)
  }
}

function failed(turn: Turn, { job, code, reason }: Extract<RoundOutput, { kind: 'failed' }>): void {
  turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: turn.state.round, code, reason } })
  // the divergence is the same for every peer, since all apply the same sum
  if (job === 'apply' && code === 'diverged') once(turn, 'diverged')
}
