// Claims: a comparison begins with what its asker holds, or with nothing when it recalls; one of another study is refused;
// after the answer exactly what the other lacks is pushed, and nothing to one that lacks nothing or is in another round.

import test from 'ava'
import fc from 'fast-check'
import { COMPARE_FRAME_BYTES_MAX, checkSummary, pushAfter, summaryOf } from '../../../protocols/exchange/comparison.ts'
import { answer, decodeFill, decodeSummary, encodeSync, holdingsOf } from '../../../protocols/sync/anti-entropy.ts'
import { SYNC_BYTES_MAX } from '../../../protocols/sync/limits.ts'
import { judge, MEMBERS, ROUND } from '../evidence/signed-round.ts'
import { signedRound, stateWith } from './exchanged.ts'

const { study } = judge
const wires = [signedRound.open, ...signedRound.manifests, ...MEMBERS.map(member => signedRound.loaded(member))]
const full = stateWith(wires)
const some = fc.subarray(wires)
const asked = { round: ROUND }
const sorted = (list: readonly Uint8Array[]) => [...list].sort(Buffer.compare)
const linksFrom = () => []

test('a summary names the study, the round and what is held, and is read as it was written', t => {
  const summary = summaryOf(full, { study, recall: false })
  t.deepEqual(summary, { study, round: ROUND, ...holdingsOf(full), recall: false })
  t.deepEqual(decodeSummary(encodeSync(summary)), summary)
})

test('who recalls tells nothing of what it holds', t => {
  const { have, tags, recall } = summaryOf(full, { study, recall: true })
  t.deepEqual([have.length, tags.length, recall], [0, 0, true])
})

test('a summary of our study passes, one of another is refused', t => {
  const summary = summaryOf(full, { study, recall: false })
  t.notThrows(() => checkSummary(summary, study))
  for (const other of [new Uint8Array(32), study.subarray(1), new Uint8Array(0)]) {
    t.throws(() => checkSummary(summary, other), { code: 'other-study' })
  }
})

test('after one comparison both hold what either held', t => {
  fc.assert(
    fc.property(some, some, (mine, theirs) => {
      const [asker, answerer] = [stateWith(mine), stateWith(theirs)]
      const fill = answer(answerer, summaryOf(asker, { study, recall: false }), { from: 0, linksFrom })
      t.deepEqual(sorted(fill.messages), sorted(theirs.filter(wire => !mine.includes(wire))))
      const pushed = pushAfter(asker, fill, asked)?.messages ?? []
      t.deepEqual(sorted(pushed), sorted(mine.filter(wire => !theirs.includes(wire))))
    }),
  )
})

test('a push is read as it was written, and fits a frame', t => {
  const push = pushAfter(full, { round: ROUND, ...holdingsOf(stateWith([])), messages: [], links: [] }, asked)
  t.is(push?.messages.length, wires.length)
  const wire = encodeSync(push!)
  t.deepEqual(decodeFill(wire), push)
  t.true(wire.length <= COMPARE_FRAME_BYTES_MAX)
  t.is(COMPARE_FRAME_BYTES_MAX, 2 * SYNC_BYTES_MAX)
})

test('nothing is pushed to one that lacks nothing, or that is in another round', t => {
  const nothing = { messages: [], links: [] }
  t.is(pushAfter(full, { round: ROUND, ...holdingsOf(full), ...nothing }, asked), undefined)
  for (const round of [ROUND - 1, ROUND + 1]) {
    t.is(pushAfter(full, { round, ...holdingsOf(stateWith([])), ...nothing }, asked), undefined)
  }
})
