/**
 * The differencing oracle: computes a coalition's knowledge by linear algebra over symbols. Of every session the
 * coalition sees all masked vectors that have left their hospitals, as if it owned every chunk; all released self keys;
 * and its own members' vectors and keys. The oracle assumes that the noise is known.
 *
 *     y_i = x_i + b_i + Σ_j ± s_ij        b_i known once released, s_ij once i or j is in the coalition
 *
 * About the x of the others alone it may learn at most their sum over one decided session: a second sum that holds one
 * of the updates, also of another round, would reveal a difference.
 *
 * @module
 */

import { type Equation, knowledge } from './elimination.ts'

/** The public part of one session. */
interface Session {
  readonly sid: string
  readonly members: readonly string[]
  /** by contributor, the name of the update that it has masked; equal words have equal names */
  readonly updates: Map<string, string>
  /** contributors whose masked words have left them */
  readonly exposed: Set<string>
  /** contributors whose self keys are released */
  readonly released: Set<string>
}

/** Knowledge that a coalition must not have. */
export interface Leak {
  readonly coalition: readonly string[]
  /** in words */
  readonly what: string
  readonly sessions: readonly string[]
}

const UPDATE = 'x:'

export class DifferencingOracle {
  readonly #sessions = new Map<string, Session>()

  /** @param members contributors, by PeerId */
  opens(sid: string, members: readonly string[]): void {
    if (this.#sessions.has(sid)) return
    this.#sessions.set(sid, { sid, members, updates: new Map(), exposed: new Set(), released: new Set() })
  }

  /** Records that a contributor masks an update under a session. */
  masks(sid: string, member: string, update: string): void {
    const updates = this.#sessions.get(sid)?.updates
    if (updates !== undefined && !updates.has(member)) updates.set(member, update)
  }

  /** Records that masked words leave a contributor. */
  exposes(sid: string, member: string): void {
    this.#sessions.get(sid)?.exposed.add(member)
  }

  /** Records that a contributor's self key is released. */
  releases(sid: string, member: string): void {
    this.#sessions.get(sid)?.released.add(member)
  }

  /**
   * A coalition's excess knowledge, or null.
   *
   * @param decided the sessions that a quorum has decided to open
   */
  leak(coalition: readonly string[], decided: ReadonlySet<string>): Leak | null {
    for (const sessions of this.#linked()) {
      // without a released self key no vector can be unmasked
      if (!sessions.some(({ released }) => released.size > 0)) continue
      const what = this.#excess(sessions, coalition, decided)
      if (what !== null) return { coalition, what, sessions: sessions.map(({ sid }) => sid) }
    }
    return null
  }

  #excess(sessions: readonly Session[], coalition: readonly string[], decided: ReadonlySet<string>): string | null {
    const equations = sessions.flatMap(session => equationsOf(session, coalition))
    const known = knowledge(equations, symbol => symbol.startsWith(UPDATE))
    if (known.length === 0) return null
    if (known.length > 1) return `${known.length} independent sums of the same updates`
    const [sum] = known as [Equation]
    const allowed = sessions
      .filter(({ sid }) => decided.has(sid))
      .map(({ members, updates }) => members.filter(one => !coalition.includes(one)).map(one => nameOf(updates, one)))
    // a sum of two others hides each of them, a sum of one does not
    const isAllowed = allowed.some(
      names => names.length > 1 && names.length === sum.size && names.every(name => sum.get(name) === 1),
    )
    return isAllowed ? null : `a combination of ${sum.size} updates that no quorum has decided to open`
  }

  /** Sessions that share an update, directly or through others, because their equations combine. */
  #linked(): Session[][] {
    const groups = new Map<Session, Session[]>()
    const first = new Map<string, Session>()
    for (const session of this.#sessions.values()) {
      groups.set(session, [session])
      for (const update of session.updates.values()) {
        const other = first.get(update)
        if (other === undefined) first.set(update, session)
        else merge(groups, other, session)
      }
    }
    return [...new Set(groups.values())]
  }
}

function merge(groups: Map<Session, Session[]>, one: Session, other: Session): void {
  const [into, from] = [groups.get(one) as Session[], groups.get(other) as Session[]]
  if (into === from) return
  into.push(...from)
  for (const session of from) groups.set(session, into)
}

const nameOf = (updates: ReadonlyMap<string, string>, member: string): string => `${UPDATE}${updates.get(member)}`

/** y_i of every contributor outside the coalition, less the terms that the coalition knows. */
function equationsOf({ sid, members, updates, exposed, released }: Session, coalition: readonly string[]): Equation[] {
  const others = members.filter(member => !coalition.includes(member))
  return others
    .filter(member => exposed.has(member))
    .map(member => {
      const equation = new Map<string, number>([[nameOf(updates, member), 1]])
      if (!released.has(member)) equation.set(`b:${sid}/${member}`, 1)
      for (const other of others) {
        if (other < member) equation.set(`s:${sid}/${other}/${member}`, -1)
        else if (other > member) equation.set(`s:${sid}/${member}/${other}`, 1)
      }
      return equation
    })
}
