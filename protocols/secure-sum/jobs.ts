/** The jobs of a round's secure sum, and their outputs. @module */

import type { Binding, Evidence } from '../messages/evidence.ts'
import type { Member } from '../roster/roster.ts'

export type RoundJob =
  /** draw (or load, after a restart) the round's ephemeral key and root, durably */
  | { readonly kind: 'prepare'; readonly round: number }
  /** `again`: our MANIFEST has been sent, so the vector must be the one that it commits to */
  | { readonly kind: 'mask'; readonly round: number; readonly session: Session; readonly again: boolean }
  /** derives our self key, once the session is certified */
  | { readonly kind: 'reveal'; readonly round: number; readonly session: Session }
  | {
      readonly kind: 'sum'
      readonly round: number
      readonly session: Session
      readonly attempt: number
      readonly chunk: number
      readonly selfKeys: ReadonlyMap<Member, Uint8Array>
    }
  /** the fingerprint of one contributor's unmasked vector; another contributor's needs all its parts */
  | {
      readonly kind: 'fingerprint'
      readonly round: number
      readonly session: Session
      readonly challenge: Uint8Array
      readonly member: Member
      readonly selfKey: Uint8Array
    }
  /** recomputes every sum and fingerprint from all parts, to identify the member whose claim is false */
  | {
      readonly kind: 'recompute'
      readonly round: number
      readonly session: Session
      readonly selfKeys: ReadonlyMap<Member, Uint8Array>
      readonly claims: Claims
    }
  | {
      readonly kind: 'apply'
      readonly round: number
      readonly session: Session
      /** hex hash of each filled chunk's sum, in order */
      readonly sums: readonly string[]
      /** fingerprints that the sums must agree with; null when we computed the sums ourselves */
      readonly fingerprints: Fingerprints | null
    }

/** All contributors' fingerprints under one challenge. */
export interface Fingerprints {
  readonly challenge: Uint8Array
  /** 256 bytes each */
  readonly sums: readonly Uint8Array[]
}

/** The signed claims, as envelopes, that an audit checks. */
export interface Claims {
  readonly open: Uint8Array
  /** in P's order, like the releases */
  readonly manifests: readonly Uint8Array[]
  readonly releases: readonly Uint8Array[]
  readonly sums: readonly {
    readonly chunk: number
    readonly member: Member
    readonly hash: Uint8Array
    readonly wire: Uint8Array
    /** what fixes the parts that the owner had to add up */
    readonly bound: Binding
  }[]
  readonly fingerprints: readonly {
    readonly member: Member
    readonly challenge: Uint8Array
    readonly sums: Uint8Array
    readonly wire: Uint8Array
  }[]
}

export type RoundOutput =
  | { readonly kind: 'prepare'; readonly key: Uint8Array }
  | { readonly kind: 'mask'; readonly sid: string; readonly root: Uint8Array; readonly commitment: Uint8Array }
  | { readonly kind: 'reveal'; readonly sid: string; readonly key: Uint8Array }
  | { readonly kind: 'sum'; readonly sid: string; readonly attempt: number; readonly hash: Uint8Array }
  | {
      readonly kind: 'fingerprint'
      readonly sid: string
      readonly challenge: Uint8Array
      readonly member: Member
      readonly sums: Uint8Array
    }
  /** the true hash of every filled chunk's sum, and evidence against the members that claimed another */
  | {
      readonly kind: 'recompute'
      readonly sid: string
      readonly sums: readonly Uint8Array[]
      readonly evidence: readonly { readonly accused: Member; readonly code: string; readonly proof: Evidence }[]
    }
  /** the sums contradict the contributors' fingerprints */
  | { readonly kind: 'mismatch'; readonly sid: string; readonly challenge: Uint8Array }
  | { readonly kind: 'apply'; readonly sid: string; readonly sum: Uint8Array; readonly checkpoint: Uint8Array }
  | { readonly kind: 'failed'; readonly job: RoundJob['kind']; readonly code: string; readonly reason: string }

/** The part of an opening that a job needs, as plain data that can be sent to a worker. */
export interface Session {
  readonly sid: Uint8Array
  readonly self: Member
  readonly members: readonly Member[]
  /** raw PeerId of each contributor */
  readonly ids: ReadonlyMap<Member, Uint8Array>
  readonly owners: number
  readonly keys: ReadonlyMap<Member, Uint8Array>
}
