// Claims: a hospital whose disk lacks its messages says nothing in the rounds that it may have been in, whatever the others
// answer and however few of them: no vote, no READY, no mask; then it speaks. Only in a study's first round, of which a
// quorum holds nothing of it, it speaks at once.

import test from 'ava'
import { hex } from '../../../protocols/immutable.ts'
import { type Body, encodeBody, openMessage } from '../../../protocols/messages/messages.ts'
import { decodeResultValue, valueId } from '../../../protocols/messages/result-value.ts'
import { createContext } from '../../../protocols/round/context.ts'
import type { Effect } from '../../../protocols/round/effects.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'
import type { RoundState } from '../../../protocols/round/state.ts'
import { begin, step } from '../../../protocols/round/step.ts'
import { extendHead, firstHead } from '../../../protocols/transcript/head.ts'
import type { Link } from '../../../protocols/transcript/link.ts'
import { voidLink } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const signers = testSigners(4)
const document = testStudy(signers, { rounds: 9 })
const contexts = signers.map(signer => createContext({ document, signer }))
const context = contexts[0]!

/** A VOID round with its votes. */
function certified(round: number): Link {
  const { value } = voidLink(round)
  const vote = { type: 'precommit', instance: 'result', view: 0, value: valueId(value) } as const
  const precommits = contexts.map(({ study, seal }) => seal(encodeBody({ study, roster: 0, round, ...vote } as Body)))
  return { round, value, precommits }
}

/** A hospital that begins in a round, and what it has published. */
function hospital(round: number, { forgetful = true } = {}) {
  let head = firstHead(context)
  for (let at = 1; at < round; at++) {
    const link = voidLink(at)
    head = extendHead(head, { link, value: decodeResultValue(link.value) }, context)
  }
  const said: string[] = []
  let state: RoundState
  const take = (next: { state: RoundState; effects: Effect[] }): void => {
    state = next.state
    for (const effect of next.effects) {
      if (effect.type !== 'publish') continue
      const { body } = openMessage(effect.bytes, context)
      said.push(`${body.type} ${body.round}`)
    }
  }
  take(begin({ head, charges: [], recall: true, forgetful }, context))
  const hear = (event: RoundEvent): void => take(step(state, event, context))
  return {
    said,
    hear,
    state: () => state,
    /** its own work of the round is done */
    work: () => {
      const { round } = state
      const key = new Uint8Array(32).fill(7)
      hear({ type: 'computed', round, output: { kind: 'prepare', key } })
      hear({ type: 'trained', round })
    },
    recalled: (from: number, at = state.round) => hear({ type: 'recalled', from, round: at, messages: [] }),
    ends: () => hear({ type: 'links', links: [certified(state.round)] }),
  }
}

test('others that hold nothing of it do not make it speak in the round in progress, nor in the next', t => {
  const one = hospital(3)
  one.work()
  for (const from of [1, 2, 3]) one.recalled(from)
  t.deepEqual(one.said, ['sit-out 3'])
  one.ends()
  t.is(one.state().round, 4)
  one.work()
  t.deepEqual(one.said, ['sit-out 3', 'sit-out 4'])
  one.ends()
  one.work()
  t.deepEqual(one.said, ['sit-out 3', 'sit-out 4', 'ready 5'])
})

test('without a quorum of others it is silent for ever, also when they are lost and when it has asked again', t => {
  const one = hospital(3)
  one.work()
  one.recalled(1)
  one.recalled(2)
  for (let again = 0; again < 5; again++) {
    one.hear({ type: 'tick', round: 3, timer: { kind: 'recall' } })
    one.hear({ type: 'tick', round: 3, timer: { kind: 'lost', member: 3 } })
  }
  t.deepEqual(one.said, [])
  // what is certified meanwhile ends nothing: the round that it reaches may be the one in which it has spoken
  one.ends()
  one.work()
  t.deepEqual(one.said, [])
  for (const from of [1, 2, 3]) one.recalled(from)
  t.deepEqual(one.said, ['sit-out 4'])
})

test('an answer from a later round does not count for an earlier one', t => {
  const one = hospital(3)
  one.work()
  for (const from of [1, 2]) one.recalled(from)
  one.recalled(3, 4)
  t.deepEqual(one.said, [])
})

test("in a study's first round, of which a quorum holds nothing of it, it has not begun: it speaks", t => {
  const one = hospital(1)
  one.work()
  for (const from of [1, 2]) one.recalled(from)
  t.deepEqual(one.said, [], 'not before the quorum')
  one.recalled(3)
  t.deepEqual(one.said, ['ready 1'])
})

test('a disk that is not known to lack anything asks as before', t => {
  const one = hospital(3, { forgetful: false })
  one.work()
  for (const from of [1, 2, 3]) one.recalled(from)
  t.deepEqual(one.said, ['ready 3'])
  t.is(hex(one.state().previous).length, 64)
})
