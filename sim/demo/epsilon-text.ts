/** The demonstration's texts about privacy and time. @module */

import type { EpsilonStatus, NodeStatus } from '../../node/http/status.ts'
import { observerLines, unitText } from '../../node/privacy/epsilon-text.ts'

/** The largest of each epsilon over all nodes, since absent nodes spend less. Null before the first report. */
export function spentEpsilon(statuses: readonly (NodeStatus | null)[]): EpsilonStatus | null {
  const all = statuses.flatMap(status => status?.epsilon ?? [])
  const [first] = all
  if (first === undefined) return null
  const most = (kind: Exclude<keyof EpsilonStatus, 'against' | 'unit'>) =>
    Math.max(...all.map(epsilon => epsilon[kind]))
  return {
    ...{ against: first.against, unit: first.unit, copies: first.copies },
    model: most('model'),
    colluding: most('colluding'),
    alone: most('alone'),
    delta: most('delta'),
    cap: most('cap'),
  }
}

/** What was spent: of what, and all three epsilons. */
export function epsilonLines(epsilon: EpsilonStatus): string[] {
  const { cap, against } = epsilon
  return [`of ${unitText(epsilon)}`, ...observerLines(epsilon, against, { charged: 'what is charged', cap })]
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
