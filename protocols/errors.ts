/** Errors that are a peer's fault, and their consequence for that peer. @module */

import { CodedError } from '../crypto/errors.ts'

export type PeerAction = 'ignore' | 'reject' | 'disconnect'

/** A peer's fault: it ends as a gossip verdict, a peer score, evidence or a counter, never as a crash. */
export class ProtocolError extends CodedError {
  readonly peer: string | undefined
  readonly action: PeerAction

  constructor(
    code: string,
    message: string,
    { peer, action = 'reject', cause }: { peer?: string; action?: PeerAction; cause?: unknown } = {},
  ) {
    super(code, message, cause)
    this.peer = peer
    this.action = action
  }
}
