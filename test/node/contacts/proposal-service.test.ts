// Claims about proposed studies, over real libp2p hosts: contacts of the roster get them, everybody sees who has
// approved, nobody else gets or sends one, and what is wrong with a proposal is said.

import test from 'ava'
import { signAnswer } from '../../../node/contacts/answer.ts'
import { addAnswers, readProposals, storeProposal } from '../../../node/contacts/proposal-folder.ts'
import { decodeProposalReply, encodeProposal, PROPOSAL_BYTES_MAX } from '../../../node/contacts/proposal-message.ts'
import { PROPOSAL_PROTOCOL } from '../../../node/contacts/proposal-service.ts'
import { ask } from '../../../node/network/request-reply.ts'
import { approvedStudies } from '../../../node/storage/approved-studies.ts'
import { openStudy, sealStudy, type VerifiedStudy } from '../../../node/storage/study-file.ts'
import { documentOfSpec } from '../../../node/study/study-spec.ts'
import { readTemplate } from '../../../node/study/templates.ts'
import { befriend, type ContactNode, contactNode, eventually } from '../../helpers/contact-nodes.ts'

async function studyOf(nodes: readonly ContactNode[], rounds = 3): Promise<VerifiedStudy> {
  const hospitals = nodes.map(({ site, identity, network }) => ({
    ...{ name: site, peer: identity.peer },
    addresses: network.addresses().slice(0, 1),
  }))
  const spec = await readTemplate('heart-disease', { hospitals, rounds })
  const { document } = documentOfSpec(spec, { created: '2030-01-01T00:00:00Z', file: 'test' })
  return openStudy(sealStudy(document, nodes[0]!.identity.signer), 'test')
}

const propose = (node: ContactNode, study: VerifiedStudy) =>
  storeProposal(node.folder, study, { from: node.identity.peer, self: node.identity.peer, now: node.time })

const answer = ({ folder, identity }: ContactNode, { study }: VerifiedStudy, approves: boolean, number = 1) =>
  addAnswers(folder, study, [signAnswer(identity.signer, { study, approves, number })])

async function answersAt({ folder }: ContactNode): Promise<Record<string, boolean>> {
  const [first] = await readProposals(folder)
  return Object.fromEntries([...(first?.answers ?? [])].map(([peer, { approves }]) => [peer, approves]))
}

test('a proposal reaches the contacts of its roster, and everybody sees who has approved', async t => {
  const [a, b, c] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch'), await contactNode(t, 'Cedar')]
  await befriend(a, b)
  await befriend(a, c)
  const study = await studyOf([a, b, c])
  await propose(a, study)
  await answer(a, study, true)
  const all = [a, b, c]
  const has = async (node: ContactNode) => (await readProposals(node.folder)).length === 1
  await eventually(async () => (await has(b)) && (await has(c)), all)
  t.deepEqual((await readProposals(b.folder))[0]!.study.bytes, study.bytes)
  t.is((await readProposals(b.folder))[0]!.from, a.identity.peer)
  t.deepEqual(await approvedStudies(b.folder), [], 'it is apart from what is approved')

  // Birch and Cedar are no contacts of each other: Alder passes their signed answers on
  await answer(b, study, true)
  await answer(c, study, false)
  const wanted = { [a.identity.peer]: true, [b.identity.peer]: true, [c.identity.peer]: false }
  for (const node of all) {
    await eventually(async () => Object.keys(await answersAt(node)).length === 3, all)
    t.deepEqual(await answersAt(node), wanted)
  }
  await answer(c, study, true, 2)
  await eventually(async () => (await answersAt(b))[c.identity.peer] === true, all)
  t.pass()
})

test('who is no contact neither gets a proposal nor can send one', async t => {
  const [a, b, c] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch'), await contactNode(t, 'Cedar')]
  await befriend(a, b)
  const [study, without] = [await studyOf([a, b, c]), await studyOf([a, c, await contactNode(t, 'Dogwood')])]
  const send = async (from: ContactNode, to: ContactNode, { study: id, bytes }: VerifiedStudy, file = bytes) => {
    const signal = AbortSignal.timeout(5000)
    if (!from.network.connected(to.identity.peer)) {
      await from.network.dial(to.identity.peer, to.network.addresses(), signal)
    }
    const stream = await from.network.open(to.identity.peer, PROPOSAL_PROTOCOL, signal)
    const request = encodeProposal({ study: new Uint8Array(Buffer.from(id, 'hex')), answers: [], file })
    const channel = from.network.channel(stream, to.identity.peer)
    return decodeProposalReply(await ask(channel, request, { bytesMax: PROPOSAL_BYTES_MAX, signal }))
  }
  c.service.admits = () => true
  await t.throwsAsync(send(c, b, study))
  t.regex((await send(a, b, without)).refused ?? '', /does not have this hospital/)
  t.regex((await send(a, b, study, without.bytes)).refused ?? '', /another study than it says/)
  t.regex(
    (
      await send(
        a,
        b,
        study,
        study.bytes.map(byte => byte ^ 1),
      )
    ).refused ?? '',
    /changed or damaged/,
  )
  t.deepEqual(await readProposals(b.folder), [])
  for (let rounds = 1; rounds <= 8; rounds++) t.true((await send(a, b, await studyOf([a, b, c], rounds))).known)
  const ninth = await send(a, b, await studyOf([a, b, c], 9))
  t.regex(ninth.refused ?? '', /Too many proposed studies/)
  t.deepEqual(await readProposals(c.folder), [])
})
