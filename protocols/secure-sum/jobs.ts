/** The jobs of a round's secure sum: what a worker is asked for, and what it answers. @module */

import type { Binding, Evidence } from '../messages/evidence.ts'
import type { Member } from '../roster/roster.ts'

export type RoundJob =
  /** draw (or load, after a restart) the round's ephemeral key and root, durably */
  | { readonly kind: 'prepare'; readonly round: number }
  /** `again`: our MANIFEST is out, so that only the very vector which it commits to will do */
  | { readonly kind: 'mask'; readonly round: number; readonly session: Session; readonly again: boolean }
  /** our self key, once the session is certified */
  | { readonly kind: 'reveal'; readonly round: number; readonly session: Session }
  | {
      readonly kind: 'sum'
      readonly round: number
      readonly session: Session
      readonly attempt: number
      readonly chunk: number
      readonly selfKeys: ReadonlyMap<Member, Uint8Array>
    }
  /** the fingerprint of one contributor's opened vector; of another's, once all its parts are here */
  | {
      readonly kind: 'fingerprint'
      readonly round: number
      readonly session: Session
      readonly challenge: Uint8Array
      readonly member: Member
      readonly selfKey: Uint8Array
    }
  /** every sum and fingerprint again, from everybody's parts: somebody lies, and this shows who */
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
      /** what the sums must agree with; null when we worked them out ourselves */
      readonly fingerprints: Fingerprints | null
    }

/** Everybody's fingerprints under one challenge. */
export interface Fingerprints {
  readonly challenge: Uint8Array
  /** 256 bytes each */
  readonly sums: readonly Uint8Array[]
}

/** The signed envelopes that an audit holds people to. */
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
    /** what the owner was bound to add up */
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
  /** the true hash of every filled chunk's sum, and who claimed otherwise */
  | {
      readonly kind: 'recompute'
      readonly sid: string
      readonly sums: readonly Uint8Array[]
      readonly evidence: readonly { readonly accused: Member; readonly code: string; readonly proof: Evidence }[]
    }
  /** the sums are not those of what the contributors put in */
  | { readonly kind: 'mismatch'; readonly sid: string; readonly challenge: Uint8Array }
  | { readonly kind: 'apply'; readonly sid: string; readonly sum: Uint8Array; readonly checkpoint: Uint8Array }
  | { readonly kind: 'failed'; readonly job: RoundJob['kind']; readonly code: string; readonly reason: string }

/** What a job must know of an opening, as plain data that crosses to a worker. */
export interface Session {
  readonly sid: Uint8Array
  readonly self: Member
  readonly members: readonly Member[]
  /** raw PeerId of each contributor */
  readonly ids: ReadonlyMap<Member, Uint8Array>
  readonly owners: number
  readonly keys: ReadonlyMap<Member, Uint8Array>
}
