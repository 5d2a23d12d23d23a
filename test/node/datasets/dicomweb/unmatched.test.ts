// Claims of node/datasets/unmatched.ts and of `found` of a pull: entries of a list that match nothing are counted.
import test from 'ava'
import { pulledFindings } from '../../../../node/datasets/dicomweb/pull.ts'
import type { InstanceUids } from '../../../../node/datasets/dicomweb/search.ts'
import { Unmatched } from '../../../../node/datasets/unmatched.ts'
import { gathered } from '../../../helpers/readings.ts'
import { fakePacs, pullOf, READING, ROOT } from './fake-pacs.ts'

test('every instance that a search finds is told, those of earlier pulls too, so that lines without one are counted', async t => {
  const pacs = await fakePacs(t, 3)
  const lines = new Unmatched([`${ROOT}.0.1.1`, `${ROOT}.1.1`, `${ROOT}.2`, `${ROOT}.3`, `${ROOT}.0`, `${ROOT}.9.1`])
  const found = ({ study, series, instance }: InstanceUids): void => {
    for (const uid of [study, series, instance]) lines.found(uid)
  }
  const first = await gathered(pulledFindings(pullOf(pacs.url).options, READING))
  t.is(lines.count, 6)
  const done = new Set(first.map(one => one.done!))
  t.deepEqual(await gathered(pulledFindings(pullOf(pacs.url, { done, found }).options, READING)), [])
  t.deepEqual([lines.count, lines.entries], [2, 6])
})
