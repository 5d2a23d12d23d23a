// Claims: what a quorum decided reaches a member that liars told something else: the certificate carries the decision,
// and what it names takes the place of what came first.

import test from 'ava'
import { sha256 } from '../../../crypto/hash.ts'
import { hex } from '../../../protocols/immutable.ts'
import { is, type Message, openMessage } from '../../../protocols/messages/messages.ts'
import { valueId } from '../../../protocols/messages/result-value.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'

const MEMBERS = [0, 1, 2, 3]

test('who has decided shows the certificate to whoever votes for something else, once', t => {
  const bench = new RoundHarness(4)
  const { open, manifests, loaded, value } = bench.session(MEMBERS)
  for (const wire of [open, ...manifests, ...loaded]) t.deepEqual(bench.hear(wire), [])
  bench.say(bench.proposer(0), { type: 'propose', instance: 'commit', view: 0, value, validView: -1, proof: [] })
  const others = MEMBERS.filter(member => member !== bench.self)
  const certificates: Message[] = []
  const published = () => {
    for (const effect of bench.effects) {
      if (effect.type !== 'publish') continue
      const message = openMessage(effect.bytes, bench.context)
      if (is(message, 'certificate')) certificates.push(message)
    }
  }
  for (const wire of bench.precommits(value, others)) bench.hear(wire)
  published()
  t.is(bench.state.commit.decision?.id, hex(valueId(value)))
  t.is(bench.state.phase, 'committed')
  t.is(certificates.length, 0, 'nobody needs it yet')
  for (const view of [1, 2]) {
    bench.say(others[0] as number, { type: 'prevote', instance: 'commit', view, value: null })
    published()
  }
  t.is(certificates.length, 1)
  const late = new RoundHarness(4)
  t.deepEqual(late.hear(certificates[0]!.bytes), [])
  t.is(late.state.commit.decision?.id, hex(valueId(value)))
  t.is(late.state.commitment, null, 'the session itself is still to come')
  for (const wire of [...manifests, open]) t.deepEqual(late.hear(wire), [])
  t.is(late.state.phase, 'committed')
})

test('an OPEN and manifests that the decision does not name make room for those that it does, and stay out', t => {
  const bench = new RoundHarness(4)
  const right = bench.session(MEMBERS)
  const wrong = bench.session([0, 1, 2], 'other')
  for (const wire of [wrong.open, ...wrong.manifests]) bench.hear(wire)
  t.is(hex(bench.state.phases.get(0)!.opening.sid), hex(wrong.opening.sid))
  const from = MEMBERS.find(member => member !== bench.self) as number
  const certificate = { type: 'certificate', view: 0, value: right.value } as const
  bench.say(from, { ...certificate, precommits: bench.precommits(right.value, [0, 1, 2]) })
  t.is(bench.state.phases.size, 0)
  t.false([...bench.state.messages.keys()].some(row => row.startsWith('open') || row.startsWith('manifest')))
  for (const wire of [wrong.open, ...wrong.manifests]) t.deepEqual(bench.hear(wire), [])
  t.is(bench.state.phases.size, 0, 'they do not come back')
  for (const wire of [right.open, ...right.manifests]) t.deepEqual(bench.hear(wire), [])
  t.is(hex(bench.state.commitment!.opening.sid), hex(right.opening.sid))
})

test('nothing of ours is revealed before the session and our own manifest in it are here', t => {
  const bench = new RoundHarness(4)
  const right = bench.session(MEMBERS)
  const from = MEMBERS.find(member => member !== bench.self) as number
  for (const wire of [right.open, ...right.manifests.filter((_, member) => member !== bench.self)]) bench.hear(wire)
  const certificate = { type: 'certificate', view: 0, value: right.value } as const
  bench.say(from, { ...certificate, precommits: bench.precommits(right.value, [0, 1, 2]) })
  t.is(bench.state.commitment, null)
  t.false(bench.effects.some(effect => effect.type === 'compute' && effect.job.kind === 'reveal'))
  bench.hear(right.manifests[bench.self] as Uint8Array)
  t.is(bench.state.phase, 'committed')
})

test('a release that opens nothing leaves when the session is certified, and is refused from then on', t => {
  const bench = new RoundHarness(4)
  const { open, opening, manifests, value } = bench.session(MEMBERS)
  const liar = MEMBERS.find(member => member !== bench.self) as number
  const release = { type: 'release', sid: opening.sid, key: sha256(Buffer.from('nothing')) } as const
  t.deepEqual(bench.say(liar, release), [], 'before that nobody can tell')
  t.true(bench.state.messages.get('release/0')?.has(liar) === true)
  for (const wire of [open, ...manifests]) bench.hear(wire)
  const certificate = { type: 'certificate', view: 0, value } as const
  bench.say(liar, { ...certificate, precommits: bench.precommits(value, [0, 1, 2]) })
  t.false(bench.state.messages.get('release/0')?.has(liar) === true)
  t.deepEqual(bench.say(liar, release), [`${liar} bad-release`])
})
