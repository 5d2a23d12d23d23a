/** As many hospitals lie as the study tolerates, each by a script of its own, over slightly lossy lines. @module */

import { drawScript } from '../adversaries/list.ts'
import { ProvenLies } from '../adversaries/proven-lies.ts'

import { boundMs, type Scenario } from './scenario.ts'
import { drawStudy } from './study.ts'

export const LIARS: Scenario = {
  name: 'liars',
  summary: 'up to f hospitals lie, one script each: they are shown to, and cost time only',
  plan: random => {
    const study = { ...drawStudy(random, { hospitalsMin: 4 }), profile: 'byzantine' as const, colluders: 1 }
    const all = Array.from({ length: study.hospitals }, (_, index) => index)
    const faulty = Math.floor((study.hospitals - 1) / 3)
    const liars = random.sample(all, random.whole(1, faulty))
    return {
      study,
      liars: new Map(liars.map(index => [index, drawScript(random, index).create])),
      network: { delayMs: random.between(1, 60), loss: random.between(0, 0.05), duplication: random.between(0, 0.1) },
      checkers: [() => new ProvenLies()],
      withinMs: 2 * boundMs(study),
    }
  },
}
