// Claims: whatever the network and f liars do, no two honest members decide differently; once the network is
// synchronous, all honest members decide. One seed, one story.

import test from 'ava'
import {
  type AgreementState,
  addProof,
  addProposal,
  addVote,
  advance,
  createAgreement,
  decide,
  expire,
  type Proposal,
  type ValueId,
  type VotePhase,
} from '../../../protocols/agreement/agreement.ts'
import { seededBytes } from '../../helpers/seeded-rng.ts'

interface Vote {
  readonly phase: VotePhase
  readonly view: number
  readonly from: number
  readonly id: ValueId
}
type Parcel = { readonly to: number } & ({ readonly vote: Vote } | { readonly proposal: Proposal })

const VIEWS_HOSTILE = 6

/** n members of which the last f are the adversary's, and every message that is on its way. */
class Arena {
  readonly honest: AgreementState[]
  readonly parcels: Parcel[] = []
  readonly signed = new Set<string>()
  readonly n: number
  readonly f: number
  readonly q: number
  readonly #bytes: Buffer
  #at = 0

  constructor(n: number, f: number, seed: number) {
    this.n = n
    this.f = f
    this.q = Math.floor((n + f) / 2) + 1
    this.honest = Array.from({ length: n - f }, createAgreement)
    this.#bytes = Buffer.from(seededBytes(`arena ${n} ${seed}`, 16384))
  }

  draw(below: number): number {
    this.#at = (this.#at + 2) % (this.#bytes.length - 2)
    return this.#bytes.readUInt16BE(this.#at) % below
  }

  proposerOf(view: number): number {
    return view % this.n
  }

  /** A proof of lock exists when a quorum signed it; liars sign anything. */
  provable(view: number, id: string): boolean {
    let count = this.f
    for (let from = 0; from < this.n - this.f; from++) if (this.signed.has(`prevote ${view} ${from} ${id}`)) count += 1
    return count >= this.q
  }

  give({ to, ...parcel }: Parcel): void {
    let state = this.honest[to] as AgreementState
    if ('vote' in parcel) state = addVote(state, parcel.vote)
    else {
      const { proposal } = parcel
      const { id, validView } = proposal
      if (validView >= 0 && !this.provable(validView, id)) return
      state = addProposal(state, proposal)
      if (validView >= 0) state = addProof(state, { view: validView, id })
    }
    this.honest[to] = state
    this.run(to)
  }

  sendAll(parcel: { vote: Vote } | { proposal: Proposal }): void {
    for (let to = 0; to < this.honest.length; to++) this.parcels.push({ to, ...parcel })
  }

  run(member: number): void {
    const rules = {
      quorum: this.q,
      faulty: this.f,
      isValid: ({ id }: Proposal) => !id.startsWith('ff'),
      isSpoilt: () => false,
    }
    for (let guard = 0; guard < 50; guard++) {
      this.propose(member)
      const { state, actions } = advance(this.honest[member] as AgreementState, rules)
      this.honest[member] = state
      for (const action of actions) {
        if (action.kind !== 'vote') continue
        const vote = { phase: action.phase, view: action.view, from: member, id: action.id }
        const slot = `${vote.phase} ${vote.view} ${member}`
        if (this.signed.has(slot)) throw new Error(`${slot} was voted twice`)
        this.signed.add(slot).add(`${slot} ${vote.id}`)
        this.honest[member] = addVote(this.honest[member] as AgreementState, vote)
        this.sendAll({ vote })
      }
      if (actions.length === 0) return
    }
    throw new Error('the rules never come to rest')
  }

  propose(member: number): void {
    const { view, valid, proposals, decision } = this.honest[member] as AgreementState
    if (this.proposerOf(view) !== member || proposals.has(view) || decision !== null) return
    const id = valid?.id ?? `0${member}0${view.toString(16)}`
    const proposal = { view, id, value: valid?.value ?? Buffer.from(id, 'hex'), validView: valid?.view ?? -1 }
    this.honest[member] = addProposal(this.honest[member] as AgreementState, proposal)
    this.sendAll({ proposal })
  }

  /** Anything at all: late, lost or double messages, timers at the worst moment, two-faced members. */
  hostile(): void {
    const member = this.draw(this.honest.length)
    const { view } = this.honest[member] as AgreementState
    const values = ['0a0a', '0b0b', 'ff00', ...[...this.signed].flatMap(s => s.split(' ')[3] ?? [])]
    const id = values[this.draw(values.length)] as string
    const kind = this.draw(10)
    if (kind < 7 && this.parcels.length > 0) {
      const at = this.draw(this.parcels.length)
      const parcel = this.parcels[at] as Parcel
      if (this.draw(3) > 0) this.parcels.splice(at, 1)
      this.give(parcel)
    } else if (kind < 8) {
      const step = (['propose', 'prevote', 'precommit'] as const)[this.draw(3)] as VotePhase
      if (view < VIEWS_HOSTILE) this.honest[member] = expire(this.honest[member] as AgreementState, step, view)
      this.run(member)
    } else if (kind < 9) {
      const from = this.n - 1 - this.draw(this.f)
      const phase = this.draw(2) === 0 ? 'prevote' : 'precommit'
      const near = Math.max(0, view + this.draw(3) - 1)
      this.give({ to: member, vote: { phase, view: near, from, id: id === 'null' || this.draw(4) === 0 ? null : id } })
    } else if (this.proposerOf(view) >= this.n - this.f && id !== 'null') {
      const proposal = { view, id, value: Buffer.from(id, 'hex'), validView: this.draw(view + 1) - 1 }
      this.give({ to: member, proposal })
    }
  }

  /** From now on everything arrives, timers end only when nothing else happens, and liars are silent. */
  synchronous(): void {
    for (let view = 0; view < 200; view++) {
      while (this.parcels.length > 0) this.give(this.parcels.shift() as Parcel)
      const decision = this.decisions()[0]
      if (decision !== undefined)
        for (const [to, state] of this.honest.entries()) this.honest[to] = decide(state, decision)
      if (this.decisions().length === this.honest.length) return
      for (const step of ['propose', 'prevote', 'precommit'] as const) {
        for (const [to, state] of this.honest.entries()) {
          this.honest[to] = expire(state, step, state.view)
          this.run(to)
        }
        while (this.parcels.length > 0) this.give(this.parcels.shift() as Parcel)
      }
    }
    throw new Error('no decision in 200 synchronous views')
  }

  decisions(): NonNullable<AgreementState['decision']>[] {
    return this.honest.flatMap(({ decision }) => (decision === null ? [] : [decision]))
  }
}

function play(n: number, f: number, seed: number): { early: boolean; ids: Set<string> } {
  const arena = new Arena(n, f, seed)
  for (let member = 0; member < n - f; member++) arena.run(member)
  for (let step = 0; step < 90 * n; step++) arena.hostile()
  const early = arena.decisions().length > 0
  const before = new Set(arena.decisions().map(({ id }) => id))
  if (before.size > 1) return { early, ids: before }
  arena.synchronous()
  return { early, ids: new Set(arena.decisions().map(({ id }) => id)) }
}

for (const [n, f, seeds] of [
  [4, 1, 400],
  [7, 2, 120],
] as const) {
  test(`${n} members, ${f} of them liars: never two decisions, and always one in the end`, t => {
    let early = 0
    for (let seed = 0; seed < seeds; seed++) {
      try {
        const story = play(n, f, seed)
        if (story.early) early += 1
        if (story.ids.size !== 1) return t.fail(`decided ${[...story.ids].join(' and ')} with seed=${seed}`)
      } catch (error) {
        return t.fail(`${(error as Error).message} with seed=${seed}`)
      }
    }
    t.true(early > seeds / 20, `only ${early} of ${seeds} stories decide before synchrony: the adversary is too strong`)
    t.true(early < seeds, 'the adversary is too weak')
  })
}
