/**
 * Invariant 10, its first half: no honest hospital is ever blamed, and what is shown against a liar is proof for a judge
 * who has nothing but the study document. That liars are shown to be such is for the scenario to say that has them.
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

export const BLAME: CheckerFactory = () => {
  let world: WorldApi
  let judge: EvidenceContext
  const weigh = (hospital: SimulatedHospital, { member, code, evidence }: Blame) => {
    const accused = world.hospitalAt(hospital, member)
    if (accused === undefined || accused.honest) {
      throw new Violation(10, `${accused?.index} has done nothing and is blamed: ${code}`)
    }
    // the document names the founding roster's members; later ones need the transcript as well
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
      // the signatures of a simulated world are not Ed25519: only their check is the world's own
      const [{ context }] = world.hospitals as [SimulatedHospital]
      judge = { ...createJudge(world.document), verify: context.verify }
    },
    effect: (hospital, effect) => {
      if (effect.type === 'blame' && hospital.honest) weigh(hospital, effect)
    },
  }
}
