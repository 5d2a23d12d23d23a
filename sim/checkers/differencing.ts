/**
 * The differencing oracle: what a coalition can work out, as linear algebra over symbols. Of every session it sees all
 * masked vectors that have left their hospitals, as if it owned every chunk; all released self keys; and its own
 * members' vectors and keys. Noise hides nothing here: the oracle gives it away.
 *
 *     y_i = x_i + b_i + Σ_j ± s_ij        b_i known once released, s_ij once i or j is in the coalition
 *
 * What follows about the x of the others alone must be at most their sum over one decided session: a second sum with one
 * update in it, also of another round, tells the difference.
 *
 * @module
 */

import { type Equation, knowledge } from './elimination.ts'

/** One session, as far as it has come out. */
interface Session {
  readonly sid: string
  readonly members: readonly string[]
  /** by contributor: which update it has masked; the same name for the same words */
  readonly updates: Map<string, string>
  /** contributors whose masked words have left them */
  readonly exposed: Set<string>
  /** contributors whose self keys are out */
  readonly released: Set<string>
}

/** What a coalition knows and should not. */
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

  /** A contributor masks an update under a session. */
  masks(sid: string, member: string, update: string): void {
    const updates = this.#sessions.get(sid)?.updates
    if (updates !== undefined && !updates.has(member)) updates.set(member, update)
  }

  /** Masked words of a contributor leave it. */
  exposes(sid: string, member: string): void {
    this.#sessions.get(sid)?.exposed.add(member)
  }

  /** A contributor's self key is out. */
  releases(sid: string, member: string): void {
    this.#sessions.get(sid)?.released.add(member)
  }

  /**
   * What a coalition knows beyond what it may.
   *
   * @param decided the sessions that a quorum has decided to open
   */
  leak(coalition: readonly string[], decided: ReadonlySet<string>): Leak | null {
    for (const sessions of this.#linked()) {
      // without a single self key nothing opens
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
    // two others hide each other, one alone is seen
    const isAllowed = allowed.some(
      names => names.length > 1 && names.length === sum.size && names.every(name => sum.get(name) === 1),
    )
    return isAllowed ? null : `a combination of ${sum.size} updates that no quorum has decided to open`
  }

  /** Sessions that share an update, directly or through others: what can be learnt there goes together. */
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

/** y_i of every contributor outside of the coalition, less what the coalition knows of it. */
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
