/** What a node says about itself: served over HTTP, read by `confrere status` and by whoever watches. @module */

import type { RoundKind } from '../../protocols/study/round-kind.ts'
import type { ObserverWords, Promised } from '../privacy/epsilon-text.ts'
import type { EpsilonOfHospitals } from '../privacy/patient-epsilons.ts'

export interface PeerStatus {
  /** base58btc PeerId */
  peer: string
  /** the hospital's name in the roster */
  site: string
  state: 'connected' | 'absent' | 'self'
  /** in words, why it is absent, where that is known */
  reason: string | null
  /** in words, how it is reached while it is connected */
  reached: string | null
}

/** The three epsilons so far (privacy.md), at `delta`, of what the study promises them to. */
export interface EpsilonStatus extends Promised {
  model: number
  colluding: number
  alone: number
  delta: number
  /** the smaller of the study's target and the node's own limit */
  cap: number
  /** whom each of the three is against, in words */
  against: ObserverWords
}

export interface NodeStatus {
  peer: string
  site: string
  version: string
  /** hex */
  study: string | null
  studyName: string | null
  phase: string
  /** while it starts, in words, what it is doing; then null */
  stage: string | null
  /** what it waits for, and since when (ISO 8601); null: it moves */
  waiting: { text: string; since: string } | null
  /** of studies with a search: which candidate runs or was chosen, then the certified score of each */
  search?: string[]
  /** of the whole node: what a person should see to */
  problems: { code: string; message: string; hint: string | null; since: string | null }[]
  round: number
  /** what the round is for */
  roundKind: RoundKind
  rounds: number
  view: number
  peers: PeerStatus[]
  contributors: string[]
  epsilon: EpsilonStatus | null
  /** what was charged so far, of a patient known to so many hospitals; null while that is computed */
  epsilonsOfPatient: readonly EpsilonOfHospitals[] | null
  /** the population whose account pays, by its name; null: the hospital's own account */
  population: string | null
  noiseMultiplier: number | null
  engine: string | null
  /** hex */
  checkpoint: string | null
  memoryBytes: number
  eventLoopLagP99Ms: number
  lastError: { code: string; message: string; hint?: string | null } | null
  /** `approving`: in words, the change that this hospital's operator has approved and that is not certified yet */
  roster: {
    version: number
    approving: string | null
    /** changes that hospitals of the roster approve: `change` is the hash in hex, `by` are peer ids */
    approvals: { change: string; text: string; by: string[] }[]
  }
  /** offences against the limits since the start, by peer and reason */
  strikes: { peer: string; reason: string; count: number }[]
  /** files that prove a hospital's lie: `confrere evidence list` names them */
  evidence: number
}

/** What a node says of itself as long as it does not take part. */
export const IDLE_STATUS = {
  stage: null,
  waiting: null,
  problems: [],
  round: 0,
  roundKind: 'training',
  view: 0,
  peers: [],
  contributors: [],
  epsilon: null,
  epsilonsOfPatient: null,
  engine: null,
  checkpoint: null,
  eventLoopLagP99Ms: 0,
  lastError: null,
  roster: { version: 0, approving: null, approvals: [] },
  strikes: [],
  evidence: 0,
} satisfies Partial<NodeStatus>
