/** The demonstration's study: its spec, its signature by a founder, and the approvals of all hospitals. @module */

import { createHash } from 'node:crypto'
import { ChildError } from '../processes/child.ts'
import type { Hospital } from '../processes/node-process.ts'
import { type FoundedStudy, foundStudy } from '../processes/study.ts'
import type { DemoOptions } from './options.ts'
import { type Recipe, recipeFor } from './recipe.ts'
import type { Records } from './records.ts'

/** Public facts about the records. */
export type Contract = Pick<Records, 'shape' | 'classes' | 'synthetic'> & { readonly count: number }

/** The spec in TOML. The seed determines the initial parameters; noise and sampling are never seeded. */
export function specText(
  { shape, classes, count, synthetic }: Contract,
  hospitals: readonly Pick<Hospital, 'site' | 'peer'>[],
  { colluders, rounds, epsilon, delta, seed }: Pick<DemoOptions, 'colluders' | 'rounds' | 'epsilon' | 'delta' | 'seed'>,
): string {
  const { model, optimizer, privacy, normalisation } = recipeFor({ synthetic, epsilon })
  const initialSeed = createHash('sha256').update(`demo parameters ${seed}`).digest('hex')
  const lines = [
    'name = "Demonstration"',
    `rounds = ${rounds}`,
    `colluders = ${colluders}`,
    `initialSeed = "${initialSeed}"`,
    `units = ${count}`,
    '[contract]',
    'kind = "image"',
    `shape = [${shape.join(', ')}]`,
    `classes = ${JSON.stringify(classes)}`,
    '[model]',
    ...modelLines(model),
    ...(normalisation === undefined ? [] : ['[normalisation]', `share = ${normalisation.share}`]),
    '[optimizer]',
    `learningRate = ${optimizer.learningRate}`,
    `momentum = ${optimizer.momentum}`,
    `averageDecay = ${optimizer.averageDecay}`,
    '[privacy]',
    `epsilon = ${epsilon}`,
    `delta = ${delta}`,
    `clippingNorm = ${privacy.clippingNorm}`,
    `sampleRate = ${privacy.sampleRate}`,
    '[timing]',
    'preset = "lan"',
  ]
  const roster = hospitals.map(({ site, peer }) => `[[hospital]]\nname = "${site}"\npeer = "${peer}"`)
  return [...lines, ...roster, ''].join('\n')
}

function modelLines(model: Recipe['model']): string[] {
  return Object.entries(model).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
}

/**
 * Makes the first hospital write the study, and all hospitals approve it.
 *
 * @throws ChildError with the refusal when the study is not sound: too few hospitals, too many colluders, ...
 */
export async function foundDemonstration(
  folder: string,
  { contract, hospitals, options }: { contract: Contract; hospitals: readonly Hospital[]; options: DemoOptions },
): Promise<FoundedStudy> {
  const spec = specText(contract, hospitals, options)
  try {
    return await foundStudy(folder, { spec, file: 'demonstration.study', hospitals })
  } catch (error) {
    // a refusal names the spec, which the user of the demonstration has not written
    if (!(error instanceof ChildError)) throw error
    const where = 'demo: The spec was made from --hospitals, --colluders, --rounds, --epsilon and --delta.'
    throw new ChildError(`${error.message}\n${where}`, error.exitCode)
  }
}
