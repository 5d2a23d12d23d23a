/** How the demonstration speaks of privacy and time. @module */

import { epsilonText } from '../../node/cli/study-text.ts'
import type { EpsilonStatus, NodeStatus } from '../../node/status.ts'

/** Whom the charged epsilon is against. */
export function colludersText(colluders: number): string {
  return colluders === 1 ? 'any one of the hospitals' : `any ${colluders} hospitals that pool what they know`
}

/** The largest of what the nodes have spent, of each kind: one that was away spent less. Null before any has told. */
export function spentEpsilon(statuses: readonly (NodeStatus | null)[]): EpsilonStatus | null {
  const all = statuses.flatMap(status => status?.epsilon ?? [])
  const most = (kind: keyof EpsilonStatus): number => Math.max(...all.map(epsilon => epsilon[kind]))
  if (all.length === 0) return null
  return {
    model: most('model'),
    colluding: most('colluding'),
    alone: most('alone'),
    delta: most('delta'),
    cap: most('cap'),
  }
}

/** All three epsilons: whoever shows one shows all, in words, and says what they do not cover. */
export function epsilonLines({ model, colluding, alone, delta, cap }: EpsilonStatus, colluders: number): string[] {
  return [
    `of one record at delta ${delta.toExponential()}; a patient with several records is not covered`,
    `epsilon ${epsilonText(colluding)} of ${epsilonText(cap)} against ${colludersText(colluders)}: what is charged`,
    `epsilon ${epsilonText(model)} against everyone who sees the model, if all contributors added their noise`,
    `epsilon ${epsilonText(alone)} against all other hospitals colluding`,
  ]
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
