/**
 * A liar's script declares its lies, so that a checker knows which evidence honest hospitals must end up with.
 *
 * @module
 */

import type { Evidence } from '../../protocols/messages/evidence.ts'
import type { Adversary, AdversaryIo } from '../world/adversary.ts'
import type { Random } from '../world/random.ts'

/** The blame code of a lie, and the kind of its evidence. */
export interface Guilt {
  readonly code: string
  readonly evidence: Evidence['kind']
}

export interface Script {
  readonly name: string
  /** the proof that honest hospitals must find after a lie; null where nothing can be proven */
  readonly guilt: Guilt | null
  /** draws the script's parameters */
  readonly create: (random: Random) => Liar
}

/** A running script in one world. */
export interface Liar extends Adversary {
  readonly script: Script
  /** rounds in which it has lied so far; some scripts must wait for an opportunity */
  readonly lies: ReadonlySet<number>
  /** those of them in which honest hospitals can prove the lie */
  readonly provable: ReadonlySet<number>
}

type Confession = (io: AdversaryIo, how?: { readonly provable: boolean }) => void

type Part = Omit<Adversary, 'name'>

/**
 * Makes a script.
 *
 * @param play draws the parameters and returns the hooks; it calls `lied` at every lie, and says if it is unprovable
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

/** The adversary as a liar, if it runs one of these scripts. */
export function liarOf(adversary: Adversary | null): Liar | null {
  return adversary !== null && 'script' in adversary ? (adversary as Liar) : null
}
