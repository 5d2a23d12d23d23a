/** Checks by guessing: how well an observer of the sum tells who was in it. @module */

import { auditScores, gaussianOneRunEpsilon } from '../../crypto/accounting/one-run-audit.ts'
import { pldEpsilon } from '../../crypto/accounting/pld.ts'
import { drawCanaries, gapOf } from './canaries.ts'
import { promised } from './expected.ts'
import { type Check, createOpeningTestbed, within } from './opening.ts'

const HOSPITALS = 8
const COLLUDERS = 2
const COUNT = 8000

const CANARIES: Check = {
  name: 'canaries',
  claim: 'the gap between canaries that are in and those that are out is s·0.99·C over the noise, within 8 %',
  run: async () => {
    const { records, included, scores } = drawCanaries(COUNT, HOSPITALS, 'canaries')
    const privacy = { colluders: COLLUDERS, noiseMultiplier: 0.5 }
    return await within(createOpeningTestbed({ records, inputs: COUNT, privacy }), testbed => {
      testbed.train(1)
      const { recordLength, sumDeviation } = promised(testbed.document, testbed.dimension)
      const expected = recordLength / sumDeviation(HOSPITALS)
      const gap = gapOf(scores(testbed.open(1)), included)
      const measured = `gap ${gap.toFixed(3)} of the noise, expected ${expected.toFixed(3)}`
      return {
        wrong: Math.abs(gap / expected - 1) > 0.08 ? `the signal is of another size: ${measured}` : null,
        measured,
      }
    })
  },
}

const AUDIT: Check = {
  name: 'audit',
  claim: 'guessing who was in refutes no smaller ε than the one that is claimed (one run, 8000 canaries)',
  run: async () => {
    const { records, included, scores } = drawCanaries(COUNT, HOSPITALS, 'audit')
    // of whoever sees the model, after one round of everybody: ε below 3
    const privacy = { colluders: COLLUDERS, noiseMultiplier: 1.5, delta: 1e-7 }
    return await within(createOpeningTestbed({ records, inputs: COUNT, privacy }), testbed => {
      testbed.train(1)
      const { sensitivity, sumDeviation } = promised(testbed.document, testbed.dimension)
      const noiseMultiplier = Math.sqrt(sumDeviation(HOSPITALS) ** 2 - 4) / sensitivity
      const { delta } = testbed.document.privacy
      const claimed = pldEpsilon([{ sampleRate: 1, noiseMultiplier, steps: 1 }], { delta })
      // the bound of so many guesses is far from tight: an honest run refutes the claim only where its right guesses are
      // more than 6 deviations above their mean, which is much rarer than the significance says
      const terms = { counts: [400, 800, 1600], significance: 0.05, delta }
      const guessed = { scores: scores(testbed.open(1)), included }
      const any = auditScores(guessed, terms).epsilon
      // one round at q = 1 claims the Gaussian's whole curve: the sharper test
      const gaussian = auditScores(guessed, { ...terms, bound: gaussianOneRunEpsilon }).epsilon
      const measured = `at least ${any.toFixed(3)} by Steinke et al., ${gaussian.toFixed(3)} by Mahloujifar et al.; claimed ${claimed.toFixed(3)}`
      return { wrong: Math.max(any, gaussian) > claimed ? `the claim is refuted: ${measured}` : null, measured }
    })
  },
}

export const GUESSING_CHECKS: readonly Check[] = [CANARIES, AUDIT]
