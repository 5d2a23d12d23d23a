// Claims of node/daemon/pause.ts: training waits while a study is paused and its operator has not said that it goes on,
// tells of each evaluation once, and says where our own records differ without saying by how much.

import test from 'ava'
import { Pause } from '../../../node/daemon/pause.ts'
import type { EvaluationsSeen } from '../../../node/worker/evaluations-seen.ts'

const point = { at: 3, score: 0.8, deviation: 0.01, outcome: 'best' as const }
const seen = (changes: Partial<EvaluationsSeen> = {}): EvaluationsSeen => ({
  ...{ points: [point], bestAt: 1, returns: 0, paused: false, ownDiffers: false, search: null },
  ...changes,
})

function world(evaluations: EvaluationsSeen | null) {
  const lines: string[] = []
  let [resumed, polls] = [0, 0]
  const say = (...words: unknown[]) => void lines.push(String(words.at(-1)))
  const pause = new Pause({
    evaluations: async () => evaluations,
    resumedReturns: async () => resumed,
    log: { warn: say, info: say } as never,
    pause: async () => {
      if (++polls === 3) resumed = evaluations?.returns ?? 0
    },
  })
  return { pause, lines, polls: () => polls }
}

test('a study without evaluations, or one that goes well, trains at once', async t => {
  for (const evaluations of [null, seen(), seen({ returns: 2 })]) {
    const { pause, polls } = world(evaluations)
    await pause.passed()
    t.is(polls(), 0)
    t.false(pause.waits)
  }
})

test('a paused one waits until the operator lets it go on', async t => {
  const { pause, lines, polls } = world(seen({ returns: 3, paused: true }))
  await pause.passed()
  t.is(polls(), 3)
  t.true(lines.some(line => line.includes('confrere study resume')))
  t.true(lines.some(line => line.includes('lets the study go on')))
  await pause.passed()
  t.is(polls(), 3)
})

test('a node that ends does not wait', async t => {
  const { pause } = world(seen({ returns: 3, paused: true }))
  pause.close()
  await pause.passed()
  t.false(pause.waits)
})

test('each evaluation is told once, and a difference without figures', async t => {
  const { pause, lines } = world(seen({ ownDiffers: true }))
  await pause.look()
  await pause.look()
  t.deepEqual(lines, [
    'evaluated: best',
    'the certified evaluation differs from what our own records say by more than chance',
  ])
})

test('the end of a search is told once, with its candidate', async t => {
  const { pause, lines } = world(seen({ search: { running: null, chosen: 1, points: [null, point] } }))
  await pause.look()
  await pause.look()
  t.deepEqual(lines, ['evaluated: best', 'the search is over: its best candidate goes on'])
})
