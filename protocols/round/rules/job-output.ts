/**
 * Handles the outputs of jobs.
 *
 * @module
 */

import { hex } from '../../immutable.ts'
import type { RoundOutput } from '../../secure-sum/jobs.ts'
import { isSilent } from '../facts.ts'
import { DIVERGED, mismatchUnder } from '../once.ts'
import { once, type Turn } from '../transition.ts'
import { recomputeDone } from './cross-check.ts'
import { fingerprinted } from './fingerprint.ts'
import { masked } from './mask.ts'
import { revealed } from './release.ts'
import { applied } from './result.ts'
import { summed } from './sum.ts'

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
      once(turn, mismatchUnder(hex(output.challenge)))
      return
    case 'apply':
      return applied(turn, output)
    case 'failed':
      return failed(turn, output)
  }
}

function failed(turn: Turn, { job, code, reason }: Extract<RoundOutput, { kind: 'failed' }>): void {
  turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: turn.state.round, code, reason } })
  // an opened sum that no model can be made of is so for everybody
  if (job === 'apply' && code === 'diverged') once(turn, DIVERGED)
}
