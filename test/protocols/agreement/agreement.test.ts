// Claims: the seven rules of single-shot Tendermint, one by one (arXiv 1807.04938, algorithm 1; n = 4, f = 1, q = 3).

import test from 'ava'
import {
  type AgreementAction,
  type AgreementRules,
  type AgreementState,
  addProof,
  addProposal,
  addVote,
  advance,
  createAgreement,
  decide,
  expire,
  restoreVotes,
  type ValueId,
  type VotePhase,
} from '../../../protocols/agreement/agreement.ts'

const RULES: AgreementRules = { quorum: 3, faulty: 1, isValid: () => true, isSpoilt: () => false }
const A = 'aa'
const B = 'bb'

function proposal(view: number, id = A, validView = -1) {
  return { view, id, value: Buffer.from(id, 'hex'), validView }
}

function votes(state: AgreementState, phase: VotePhase, view: number, ids: readonly (ValueId | undefined)[]) {
  let voted = state
  for (const [from, id] of ids.entries()) if (id !== undefined) voted = addVote(voted, { phase, view, from, id })
  return voted
}

/** Applies rules until none fires; our own votes are not fed back. */
function settle(state: AgreementState, rules = RULES): { state: AgreementState; actions: AgreementAction[] } {
  const actions: AgreementAction[] = []
  let settled = state
  for (let guard = 0; guard < 100; guard++) {
    const turn = advance(settled, rules)
    settled = turn.state
    actions.push(...turn.actions)
    if (turn.actions.length === 0) return { state: settled, actions }
  }
  throw new Error('the rules never come to rest')
}

const said = (actions: AgreementAction[]) =>
  actions.flatMap(action => (action.kind === 'vote' ? [`${action.phase} ${action.view} ${action.id}`] : []))

test('rule 1: a fresh proposal is prevoted when it is valid, nil when it is not, and waited for while that is open', t => {
  const state = addProposal(createAgreement(), proposal(0))
  t.deepEqual(said(settle(state).actions), ['prevote 0 aa'])
  t.deepEqual(said(settle(state, { ...RULES, isValid: () => false }).actions), ['prevote 0 null'])
  t.deepEqual(settle(state, { ...RULES, isValid: () => undefined }).actions, [])
  t.deepEqual(said(settle(expire(state, 'propose', 0), { ...RULES, isValid: () => undefined }).actions), [
    'prevote 0 null',
  ])
})

test('rule 1: without a proposal the timer alone brings a prevote, and it is for nil', t => {
  t.deepEqual(settle(createAgreement()).actions, [])
  t.deepEqual(said(settle(expire(createAgreement(), 'propose', 0)).actions), ['prevote 0 null'])
  t.deepEqual(settle(expire(createAgreement(), 'propose', 1)).actions, [])
})

test('rule 1: who is locked prevotes nil for any other fresh proposal', t => {
  const locked = { ...createAgreement(), view: 2, locked: { id: A, view: 0 } }
  t.deepEqual(said(settle(addProposal(locked, proposal(2, B))).actions), ['prevote 2 null'])
  t.deepEqual(said(settle(addProposal(locked, proposal(2, A))).actions), ['prevote 2 aa'])
})

test('rule 2: a lock yields to a quorum of prevotes that is at least as new, counted or shown, and to no other', t => {
  const locked = { ...createAgreement(), view: 3, locked: { id: A, view: 1 } }
  const again = (validView: number) => addProposal(locked, proposal(3, B, validView))
  t.deepEqual(settle(again(1)).actions, [], 'no quorum of prevotes is known')
  t.deepEqual(said(settle(votes(again(1), 'prevote', 1, [B, B, B])).actions), ['prevote 3 bb'])
  t.deepEqual(said(settle(addProof(again(2), { view: 2, id: B })).actions), ['prevote 3 bb'])
  t.deepEqual(said(settle(votes(again(0), 'prevote', 0, [B, B, B])).actions), ['prevote 3 null'], 'older than the lock')
  t.deepEqual(settle(votes(again(1), 'prevote', 1, [B, B, A])).actions, [], 'no quorum for this value')
})

test('rule 2: a value with a proof is valid by it, whatever we would say of it ourselves', t => {
  for (const isValid of [() => false, () => undefined]) {
    const free = { ...createAgreement(), view: 1 }
    const again = addProof(addProposal(free, proposal(1, B, 0)), { view: 0, id: B })
    t.deepEqual(said(settle(again, { ...RULES, isValid }).actions), ['prevote 1 bb'])
    const locked = { ...again, view: 2, locked: { id: A, view: 1 } }
    const older = addProof(addProposal(locked, proposal(2, B, 0)), { view: 0, id: B })
    t.deepEqual(said(settle(older, { ...RULES, isValid }).actions), ['prevote 2 null'], 'the lock still binds')
  }
})

test('a view whose proposer made two proposals gets a vote for nil, with or without a proof', t => {
  const rules = { ...RULES, isSpoilt: (view: number) => view === 1 }
  const state = { ...createAgreement(), view: 1 }
  t.deepEqual(said(settle(addProposal(state, proposal(1)), rules).actions), ['prevote 1 null'])
  const again = addProof(addProposal(state, proposal(1, A, 0)), { view: 0, id: A })
  t.deepEqual(said(settle(again, rules).actions), ['prevote 1 null'])
})

test('rule 2: a proposal that claims a quorum in its own or a later view is voted down', t => {
  for (const validView of [3, 4]) {
    const state = addProposal({ ...createAgreement(), view: 3 }, proposal(3, A, validView))
    t.deepEqual(said(settle(state).actions), ['prevote 3 null'])
  }
})

test('rule 3: a quorum of prevotes locks, precommits, and is what will be proposed again', t => {
  const voted = votes(addProposal(createAgreement(), proposal(0)), 'prevote', 0, [A, A, A])
  const { state, actions } = settle(voted)
  t.deepEqual(said(actions), ['prevote 0 aa', 'precommit 0 aa'])
  t.deepEqual(state.locked, { id: A, view: 0 })
  t.is(state.valid?.id, A)
})

test('rule 3: in a later step a quorum of prevotes makes the value valid but locks nothing', t => {
  const nil = settle(votes(expire(createAgreement(), 'propose', 0), 'prevote', 0, [null, null, A])).state
  const { state, actions } = settle(votes(addProposal({ ...nil, step: 'precommit' }, proposal(0)), 'prevote', 0, []))
  t.deepEqual(said(actions), [])
  const late = addProposal({ ...createAgreement(), step: 'precommit' as const }, proposal(0))
  const seen = settle(votes(late, 'prevote', 0, [A, A, A]))
  t.deepEqual(said(seen.actions), [])
  t.is(seen.state.valid?.id, A)
  t.is(seen.state.locked, null)
  t.is(state.locked, null)
})

test('rule 4: a quorum for nil, or the end of the timer that any quorum starts, brings a precommit for nil', t => {
  const voted = addProposal(createAgreement(), proposal(0))
  t.deepEqual(said(settle(votes(voted, 'prevote', 0, [null, null, null])).actions), [
    'prevote 0 aa',
    'precommit 0 null',
  ])
  const mixed = settle(votes(voted, 'prevote', 0, [A, null, A]))
  t.deepEqual(said(mixed.actions), ['prevote 0 aa'])
  t.deepEqual(mixed.actions.at(-1), { kind: 'timer', phase: 'prevote', view: 0 })
  t.deepEqual(said(settle(expire(mixed.state, 'prevote', 0)).actions), ['precommit 0 null'])
})

test('rule 4: two of four votes start no timer', t => {
  const { actions } = settle(votes(addProposal(createAgreement(), proposal(0)), 'prevote', 0, [A, undefined, null]))
  t.deepEqual(said(actions), ['prevote 0 aa'])
  t.false(actions.some(action => action.kind === 'timer'))
})

test('rule 5: a quorum of precommits decides in any view, before, in or after our own', t => {
  for (const view of [0, 2, 5]) {
    const state = votes(addProposal({ ...createAgreement(), view: 2 }, proposal(0)), 'precommit', view, [A, A, A])
    const { decision } = settle(state).state
    t.like(decision, { id: A, view })
  }
})

test('rule 5: a quorum is of one value, and nothing is decided before the value itself is known', t => {
  const mixed = votes(addProposal(createAgreement(), proposal(0)), 'precommit', 0, [A, A, B])
  t.is(settle(mixed).state.decision, null)
  const blind = votes(createAgreement(), 'precommit', 0, [A, A, A])
  t.is(settle(blind).state.decision, null)
  t.is(settle(addProposal(blind, proposal(0))).state.decision?.id, A)
})

test('a decision is final: neither votes nor another certificate change it', t => {
  const decided = settle(votes(addProposal(createAgreement(), proposal(0)), 'precommit', 0, [A, A, A])).state
  const later = votes(addProposal(decided, proposal(1, B)), 'precommit', 1, [B, B, B])
  t.is(settle(later).state.decision?.id, A)
  t.is(decide(later, { id: B, value: Buffer.from(B, 'hex'), view: 1 }).decision?.id, A)
  t.deepEqual(settle(later).actions, [])
})

test('rule 6: f + 1 members ahead pull us along, f do not', t => {
  const one = votes(createAgreement(), 'prevote', 5, [null])
  t.is(settle(one).state.view, 0)
  const two = addVote(one, { phase: 'precommit', view: 3, from: 1, id: null })
  t.is(settle(two).state.view, 3, 'the view that at least one honest member has reached')
})

test('rule 7: the next view begins on a quorum of nil precommits at once, on any other quorum after its timer', t => {
  t.is(settle(votes(createAgreement(), 'precommit', 0, [null, null, null])).state.view, 1)
  const mixed = settle(votes(addProposal(createAgreement(), proposal(0)), 'precommit', 0, [A, null, A]))
  t.is(mixed.state.view, 0)
  t.true(mixed.actions.some(action => action.kind === 'timer' && action.phase === 'precommit'))
  t.is(settle(expire(mixed.state, 'precommit', 0)).state.view, 1)
})

test('the lock and the valid value outlive their view', t => {
  const locked = settle(votes(addProposal(createAgreement(), proposal(0)), 'prevote', 0, [A, A, A])).state
  const next = settle(votes(locked, 'precommit', 0, [null, null, null])).state
  t.like(next, { view: 1, step: 'propose', locked: { id: A, view: 0 } })
  t.like(next.valid, { id: A, view: 0 })
})

test('the first vote of a slot stays, and the first proposal of a view', t => {
  const once = votes(addProposal(createAgreement(), proposal(0)), 'prevote', 0, [A])
  t.is(addVote(once, { phase: 'prevote', view: 0, from: 0, id: B }), once)
  t.is(addProposal(once, proposal(0, B)), once)
})

test('after a restart view, step and lock are what our own logged votes say', t => {
  const logged = [
    { phase: 'prevote' as const, view: 0, id: A },
    { phase: 'precommit' as const, view: 0, id: A },
    { phase: 'prevote' as const, view: 2, id: null },
  ]
  const state = restoreVotes(createAgreement(), logged)
  t.like(state, { view: 2, step: 'prevote', locked: { id: A, view: 0 } })
  const asked = settle(addProposal(state, proposal(2, B)))
  t.deepEqual(said(asked.actions), [], 'no second prevote in the view')
  const next = settle(addProposal({ ...state, view: 3, step: 'propose' }, proposal(3, B)))
  t.deepEqual(said(next.actions), ['prevote 3 null'], 'the lock binds')
})

test('a member that a faulty one told nothing learns of the quorum from the proof, and precommits', t => {
  const state = addProof(addProposal({ ...createAgreement(), view: 1 }, proposal(1, A, 0)), { view: 0, id: A })
  const { state: after } = settle(state)
  t.like(after.valid, { id: A, view: 0 })
})
