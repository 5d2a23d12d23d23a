/** Real libp2p hosts on loopback that know contacts and proposals, and no study. @module */

import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { systemClock } from '../../node/clock.ts'
import { CONTACT_PROTOCOL, ContactService } from '../../node/contacts/contact-service.ts'
import { readInvitation } from '../../node/contacts/invitation.ts'
import { invite, takeInvitation } from '../../node/contacts/invite.ts'
import { ProposalService } from '../../node/contacts/proposal-service.ts'
import { createHost } from '../../node/network/libp2p-host.ts'
import type { NetworkHost } from '../../node/network/network.ts'
import { createIdentity, type Identity } from '../../node/storage/identity.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface ContactNode {
  readonly site: string
  readonly folder: string
  readonly identity: Identity
  readonly network: NetworkHost
  readonly service: ContactService
  readonly proposals: ProposalService
  /** ms since 1970, set by the test */
  time: number
}

/** One node with a folder of its own, listening. */
export async function contactNode(t: ExecutionContext, site: string): Promise<ContactNode> {
  const folder = join(await temporaryFolder(t), site)
  await mkdir(folder)
  return await nodeOf(t, site, { folder, identity: await createIdentity(folder), port: 0, time: Date.UTC(2030, 0, 1) })
}

/** One node of a folder that commands have made. */
export async function nodeOf(
  t: ExecutionContext,
  site: string,
  { folder, identity, port, time }: Pick<ContactNode, 'folder' | 'identity' | 'time'> & { port: number },
): Promise<ContactNode> {
  const parts = { folder, peer: identity.peer, site, version: '9.9.9', clock: systemClock }
  const quiet = { info() {}, warn() {} }
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes))
  const service = new ContactService({ ...parts, random, now: () => node.time, log: quiet })
  await service.open()
  const network = await createHost(
    {
      ...{ seed: identity.seed, transport: 'tcp', listen: [`/ip4/127.0.0.1/tcp/${port}`] },
      ...{ announce: [], bootstrap: [], mdns: false },
    },
    {
      admits: peer => service.admits(peer),
      allows: (peer, protocol) => (protocol === CONTACT_PROTOCOL ? service.meets(peer) : service.isContact(peer)),
    },
  )
  await network.start()
  const proposing = { folder, peer: identity.peer, contacts: () => service.contacts(), clock: systemClock, log: quiet }
  const proposals = new ProposalService({ ...proposing, now: () => node.time })
  const node: ContactNode = { site, folder, identity, network, service, proposals, time }
  await service.start(network)
  await proposals.start(network)
  t.teardown(async () => {
    await proposals.stop()
    await service.stop()
    await network.stop()
  })
  return node
}

/** The text of a new invitation of a node. */
export async function invitationOf(node: ContactNode, hours = 1): Promise<string> {
  const addresses = node.network.addresses()
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes))
  const { text } = await invite(node.folder, { peer: node.identity.peer, addresses, hours, now: node.time, random })
  return text
}

/** One node takes an invitation; it dials by itself. */
export async function takes(node: ContactNode, text: string): Promise<void> {
  await takeInvitation(node.folder, readInvitation(text), { self: node.identity.peer, now: node.time })
}

/** Makes two nodes contacts of each other. */
export async function befriend(a: ContactNode, b: ContactNode): Promise<void> {
  await takes(b, await invitationOf(a))
  await eventually(() => a.service.pending().length > 0 && b.service.pending().length > 0, [a, b])
  await a.service.approve(b.identity.peer)
  await b.service.approve(a.identity.peer)
  await eventually(() => a.service.isContact(b.identity.peer) && b.service.isContact(a.identity.peer), [a, b])
}

/** Lets the nodes do what is due until something holds. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  nodes: readonly ContactNode[],
): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return
    await Promise.all(nodes.flatMap(node => [node.service.look(), node.proposals.look()]))
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  throw new Error('it never came to that')
}
