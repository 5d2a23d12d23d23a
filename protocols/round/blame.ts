/** Blames a faulty peer, and halts a study that cannot continue safely. @module */

import { ProtocolError } from '../errors.ts'
import { verifyEvidence } from '../evidence/verify.ts'
import type { Evidence } from '../messages/evidence.ts'
import type { BodyOf, Message } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'
import { saidBy } from './facts.ts'
import { HALTED } from './once.ts'
import { once, setPhase, type Turn } from './transition.ts'

/** Blames a member: with evidence if it proves the fault, else as a suspicion that only we act on. */
export function blame(
  turn: Turn,
  { member, code }: { member: Member; code: string },
  evidence: Evidence | null = null,
): void {
  let proof = evidence
  try {
    if (evidence !== null && verifyEvidence(evidence, turn.context).accused !== member) proof = null
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    proof = null
  }
  const peer = turn.state.roster.peers[member] ?? ''
  turn.effects.push({ type: 'blame', member, peer, code, evidence: proof })
}

/** Halts the study: more than f hospitals lie, so no further step is safe. */
export function halt(turn: Turn, wires: readonly Uint8Array[]): void {
  if (!once(turn, HALTED)) return
  const { round } = turn.state
  const reason = `two certificates of round ${round} contradict each other: more hospitals lie than the study tolerates`
  turn.effects.push({ type: 'store', entries: [{ kind: 'halt', round, evidence: wires }] })
  turn.effects.push({ type: 'emit', notice: { kind: 'refused', round, code: 'conflicting-certificates', reason } })
  setPhase(turn, 'halted')
}

/** Blames the sender of a RELEASE whose self key does not open its commitment; the RELEASE does not count. */
export function refuseRelease(turn: Turn, release: Message<BodyOf<'release'>>): void {
  const { from, bytes } = release
  const view = turn.state.commitment?.opening.view
  const manifest = view === undefined ? undefined : saidBy(turn.state, { type: 'manifest', view, from })
  const evidence = manifest && ({ kind: 'false-release', manifest: manifest.bytes, release: bytes } as const)
  blame(turn, { member: from, code: 'bad-release' }, evidence ?? null)
}
