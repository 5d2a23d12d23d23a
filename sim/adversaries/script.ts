/**
 * What a liar's script says about itself, so that whoever judges a world knows what the honest must end up with.
 *
 * @module
 */

import type { Evidence } from '../../protocols/messages/evidence.ts'
import type { Adversary, AdversaryIo } from '../world/adversary.ts'
import type { Random } from '../world/random.ts'

/** What a lie is called by those who see it, and the kind of the proof. */
export interface Guilt {
  readonly code: string
  readonly evidence: Evidence['kind']
}

export interface Script {
  readonly name: string
  /** what honest hospitals end up with once it has lied; null where nothing can be proven */
  readonly guilt: Guilt | null
  /** draws the script's parameters */
  readonly create: (random: Random) => Liar
}

/** A script at work in one world. */
export interface Liar extends Adversary {
  readonly script: Script
  /** rounds in which it has lied so far: some scripts must wait for their turn */
  readonly lies: ReadonlySet<number>
  /** those of them in which honest hospitals have what it takes to prove it */
  readonly provable: ReadonlySet<number>
}

type Confession = (io: AdversaryIo, how?: { readonly provable: boolean }) => void

type Part = Omit<Adversary, 'name'>

/**
 * Makes a script.
 *
 * @param play draws the parameters and gives the hooks; it calls `lied` whenever it lies, and says if nobody can prove it
 */
export function defineScript(
  { name, guilt }: Pick<Script, 'name' | 'guilt'>,
  play: (random: Random, lied: Confession) => Part,
): Script {
  const script: Script = {
    name,
    guilt,
    create: random => {
      const lies = new Set<number>()
      const provable = new Set<number>()
      const lied: Confession = ({ hospital }, how = { provable: true }) => {
        lies.add(hospital.state.round)
        if (how.provable) provable.add(hospital.state.round)
      }
      return { name, script, lies, provable, ...play(random, lied) }
    },
  }
  return script
}

/** The liar that a hospital is played by, if its script is one of these. */
export function liarOf(adversary: Adversary | null): Liar | null {
  return adversary !== null && 'script' in adversary ? (adversary as Liar) : null
}
