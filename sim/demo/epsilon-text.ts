/** The demonstration's texts about privacy and time. @module */

import type { EpsilonStatus, NodeStatus } from '../../node/http/status.ts'
import { epsilonText } from '../../node/privacy/epsilon-text.ts'

/** The largest of each epsilon over all nodes, since absent nodes spend less. Null before the first report. */
export function spentEpsilon(statuses: readonly (NodeStatus | null)[]): EpsilonStatus | null {
  const all = statuses.flatMap(status => status?.epsilon ?? [])
  const [first] = all
  if (first === undefined) return null
  const most = (kind: Exclude<keyof EpsilonStatus, 'against'>) => Math.max(...all.map(epsilon => epsilon[kind]))
  return {
    against: first.against,
    model: most('model'),
    colluding: most('colluding'),
    alone: most('alone'),
    delta: most('delta'),
    cap: most('cap'),
  }
}

/** All three epsilons in words, with their limits. */
export function epsilonLines({ model, colluding, alone, delta, cap, against }: EpsilonStatus): string[] {
  return [
    `of one record at delta ${delta.toExponential()}; a patient with several records is not covered`,
    `epsilon ${epsilonText(colluding)} of ${epsilonText(cap)} against ${against.colluding}: what is charged`,
    `epsilon ${epsilonText(model)} against ${against.model}`,
    `epsilon ${epsilonText(alone)} against ${against.alone}`,
  ]
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
