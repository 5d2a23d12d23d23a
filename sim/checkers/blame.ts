/**
 * Invariant 10, first half: no honest hospital is ever blamed, and the evidence against a liar convinces a judge who
 * has only the study document. The second half, that liars are exposed, is checked by scenarios with liars.
 *
 * @module
 */

import { CodedError } from '../../crypto/errors.ts'
import { createJudge, type EvidenceContext } from '../../protocols/evidence/judge.ts'
import { verifyEvidence } from '../../protocols/evidence/verify.ts'
import { decodeEvidence, encodeEvidence } from '../../protocols/messages/evidence.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import type { CheckerFactory, WorldApi } from '../world/api.ts'
import type { SimulatedHospital } from '../world/hospital.ts'
import { Violation } from '../world/violation.ts'

type Blame = Extract<Effect, { type: 'blame' }>

/** A judge of a simulated world, whose signatures are not Ed25519: their verification alone is the world's own. */
export function judgeOf(world: WorldApi): EvidenceContext {
  const [{ context }] = world.hospitals as [SimulatedHospital]
  return { ...createJudge(world.document), verify: context.verify }
}

export const BLAME: CheckerFactory = () => {
  let world: WorldApi
  let judge: EvidenceContext
  const weigh = (hospital: SimulatedHospital, { member, peer, code, evidence }: Blame) => {
    const accused = world.hospitals.find(one => one.peer === peer)
    if (accused === undefined || accused.honest) {
      throw new Violation(10, `${accused?.index} has done nothing and is blamed: ${code}`)
    }
    // the document names only the founding roster; a judge of later ones needs the transcript too
    if (evidence === null || hospital.state.roster.version > 0) return
    try {
      const verdict = verifyEvidence(decodeEvidence(encodeEvidence(evidence)), judge)
      if (verdict.accused !== member) throw new Violation(10, `evidence against ${verdict.accused}, not ${member}`)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      throw new Violation(10, `evidence of ${code} that proves nothing: ${error.message}`, { cause: error })
    }
  }
  return {
    name: 'blame',
    invariant: 10,
    begin: begun => {
      world = begun
      judge = judgeOf(world)
    },
    effect: (hospital, effect) => {
      if (effect.type === 'blame' && hospital.honest) weigh(hospital, effect)
    },
  }
}
