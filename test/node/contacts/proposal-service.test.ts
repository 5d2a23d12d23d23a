// Claims about proposed studies, over real libp2p hosts: contacts of the roster get them, everybody sees who has
// approved, nobody else gets or sends one, and what is wrong with a proposal is said.

import test from 'ava'
import { signAnswer } from '../../../node/contacts/answer.ts'
import {
  addAnswers,
  addChanges,
  markChange,
  readProposals,
  storeProposal,
} from '../../../node/contacts/proposal-folder.ts'
import { decodeProposalReply, encodeProposal, PROPOSAL_BYTES_MAX } from '../../../node/contacts/proposal-message.ts'
import { PROPOSAL_PROTOCOL } from '../../../node/contacts/proposal-service.ts'
import { ask } from '../../../node/network/request-reply.ts'
import { approvedStudies } from '../../../node/storage/approved-studies.ts'
import { parsePeerId } from '../../../node/storage/identity.ts'
import { openStudy, sealStudy, type VerifiedStudy } from '../../../node/storage/study-file.ts'
import { documentOfSpec } from '../../../node/study/study-spec.ts'
import { plannedHospitals, readTemplate } from '../../../node/study/templates.ts'
import { encodeChange } from '../../../protocols/roster/change.ts'
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

test('a change of the roster reaches the contacts in it, from its proposer alone, and a refused one is not sent on', async t => {
  const [a, b] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch')]
  await befriend(a, b)
  const [gone] = plannedHospitals(1)
  const study = await studyOf([a, b, { ...a, site: 'Cedar', identity: { ...a.identity, peer: gone!.peer } }])
  const change = encodeChange({ kind: 'remove', id: parsePeerId(gone!.peer) })
  await propose(a, study)
  await addChanges(a.folder, study.study, { from: a.identity.peer, changes: [change] })
  const at = async (node: ContactNode) => (await readProposals(node.folder))[0]?.changes ?? []
  await eventually(async () => (await at(b)).length === 1, [a, b])
  t.deepEqual(await at(b), [{ bytes: change, from: a.identity.peer, state: 'proposed' }])
  await markChange(b.folder, study.study, { bytes: change, state: 'refused' })
  const other = encodeChange({ kind: 'remove', id: b.identity.signer.id })
  await addChanges(b.folder, study.study, { from: b.identity.peer, changes: [other] })
  await eventually(async () => (await at(a)).length === 2, [a, b])
  t.deepEqual(
    (await at(b)).map(({ state }) => state),
    ['refused', 'proposed'],
  )
  const many = Array.from({ length: 20 }, (_, at) =>
    encodeChange({ kind: 'remove', id: parsePeerId(plannedHospitals(20)[at]!.peer) }),
  )
  t.is((await addChanges(b.folder, study.study, { from: a.identity.peer, changes: many })).length, 8)
})

test('who is no contact neither gets a proposal nor can send one', async t => {
  const [a, b, c] = [await contactNode(t, 'Alder'), await contactNode(t, 'Birch'), await contactNode(t, 'Cedar')]
  await befriend(a, b)
  const [study, without] = [await studyOf([a, b, c]), await studyOf([a, c, await contactNode(t, 'Dogwood')])]
  const send = async (from: ContactNode, to: ContactNode, { study: id, bytes }: VerifiedStudy, file = bytes) => {
    const signal = AbortSignal.timeout(60_000)
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
