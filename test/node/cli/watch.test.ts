// Claims: `status --watch` shows the status when it has changed and only then; memory alone is no change; a node that
// stops answering is told of once and asked again; a node that never answered is an error.

import test from 'ava'
import { watchStatus } from '../../../node/cli/operate/watch.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { IDLE_STATUS, type NodeStatus } from '../../../node/http/status.ts'

const status = (round: number, memoryBytes = 1): NodeStatus =>
  ({ ...IDLE_STATUS, peer: 'p', round, memoryBytes }) as unknown as NodeStatus
const away = new OperatorError('node-unreachable', 'No node answers', { hint: 'x', exitCode: EXIT.nodeUnreachable })

/** Watches a list of answers; returns what was shown. */
async function watched(answers: (NodeStatus | Error)[], options: { json?: boolean; isTerminal?: boolean } = {}) {
  const shown: unknown[] = []
  let at = 0
  await watchStatus({
    ask: async () => {
      const answer = answers[at] as NodeStatus | Error
      at += 1
      if (answer instanceof Error) throw answer
      return answer
    },
    lines: ({ round }) => [`round ${round}`],
    seconds: 2,
    json: options.json ?? false,
    isTerminal: options.isTerminal ?? false,
    pause: async () => at < answers.length,
    show: text => void shown.push(text),
  })
  return shown
}

test('a status is shown when it has changed, and only then', async t => {
  t.deepEqual(await watched([status(1), status(1, 2), status(2), status(2)]), ['round 1', 'round 2'])
})

test('a node that stops answering is told of once, and asked again', async t => {
  t.deepEqual(await watched([status(1), away, away, status(1)]), ['round 1', 'No node answers', 'round 1'])
})

test('a node that never answered is an error; so is a bug at any time', async t => {
  await t.throwsAsync(watched([away]), { is: away })
  await t.throwsAsync(watched([status(1), new TypeError('x')]), { instanceOf: TypeError })
})

test('on a terminal the screen is cleared; JSON is the status itself', async t => {
  t.deepEqual(await watched([status(1)], { isTerminal: true }), ['\x1b[H\x1b[2Jround 1'])
  t.deepEqual(await watched([status(1)], { json: true }), [status(1)])
})
