/** Invariant 9: no unmasked word leaves a node. @module */

import { toBytes } from '../../crypto/ring.ts'
import { hex } from '../../protocols/immutable.ts'
import type { CheckerFactory } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import type { Packet } from '../world/packet.ts'
import { Violation } from '../world/violation.ts'

/** Consecutive words that are searched for; long enough that a match is no coincidence. */
const RUN_WORDS = 2

/** Byte runs that no packet of a hospital may hold: of its update, and of its noised update. */
interface Secret {
  readonly round: number
  readonly runs: readonly Buffer[]
}

function runsOf(words: Int32Array | undefined): Buffer[] {
  const runs: Buffer[] = []
  // a chunk may begin anywhere
  for (let at = 0; words !== undefined && at + RUN_WORDS <= words.length; at++) {
    const run = Buffer.copyBytesFrom(words, at, RUN_WORDS)
    // zeros may occur anywhere
    if (words[at] !== 0 && words[at + 1] !== 0) runs.push(run)
  }
  return runs
}

/** The bytes of a packet that could hold words, and whether they are words; null for other packets. */
function contentOf(packet: Packet): { bytes: Uint8Array; words: boolean } | null {
  switch (packet.kind) {
    case 'chunk':
      return { bytes: toBytes(packet.words), words: true }
    case 'pulled':
      // a checkpoint is public
      return packet.wanted.kind === 'checkpoint' || packet.bytes === null ? null : { bytes: packet.bytes, words: true }
    case 'gossip':
    case 'push':
      return { bytes: packet.bytes, words: false }
    default:
      return null
  }
}

export const NO_UNMASKED_WORD: CheckerFactory = () => {
  const secrets = new Map<SimulatedHospital, Map<string, Secret>>()
  const checked = new WeakSet<Uint8Array>()
  return {
    name: 'no-unmasked-word',
    invariant: 9,
    output: (hospital, job) => {
      if (job.kind !== 'mask' || !hospital.honest) return
      const { round, session } = job
      const kept = secrets.get(hospital) ?? new Map<string, Secret>()
      for (const [sid, secret] of kept) if (secret.round < round - 1) kept.delete(sid)
      const sid = hex(session.sid)
      const runs = [...runsOf(hospital.vault.update(round)), ...runsOf(hospital.vault.inputs.get(sid))]
      kept.set(sid, { round, runs })
      secrets.set(hospital, kept)
    },
    packet: (from, _to, packet) => {
      const content = from.honest ? contentOf(packet) : null
      if (content === null || checked.has(content.bytes)) return
      checked.add(content.bytes)
      const { buffer, byteOffset, length } = content.bytes
      const haystack = Buffer.from(buffer, byteOffset, length)
      for (const { runs } of secrets.get(from)?.values() ?? []) {
        // a message that leaks a vector leaks its beginning
        for (const run of content.words ? runs : runs.slice(0, 1)) {
          if (haystack.includes(run)) throw new Violation(9, `words without a mask leave in a ${packet.kind}`)
        }
      }
    },
  }
}
