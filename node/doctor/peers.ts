/** Whether the other hospitals' addresses resolve and can be reached. @module */

import type { NodeConfig } from '../config/config.ts'
import { EXIT } from '../errors.ts'
import { peerIdString } from '../storage/identity.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { endpointText, tcpPlaceOf } from './addresses.ts'
import { type DoctorCheck, type DoctorFinding, notChecked, passed, valueIn } from './check.ts'
import { proxyOf } from './proxy.ts'
import { type DoctorWorld, networkErrorText } from './world.ts'

/** A hospital has few addresses; a study lists what it likes. */
const ADDRESSES_MAX = 8
const PEERS_MAX = 100

/** Addresses by a name for people, and by peer id where it is known. */
interface Reachable {
  readonly name: string
  readonly peer: string | null
  readonly addresses: readonly string[]
}

export const peersCheck: DoctorCheck = {
  name: 'peers',
  isCheap: false,
  of: 'folder',
  async run({ config, studies, peer, running }, world) {
    const read = valueIn(config)
    const others = peersOf(valueIn(studies) ?? [], read, valueIn(peer)).slice(0, PEERS_MAX)
    if (others.length === 0) return [notChecked('no other hospital is known yet')]
    const connected = new Set(
      (await running())?.peers.filter(({ state }) => state === 'connected').map(found => found.peer),
    )
    const isProxied = read !== null && proxyOf(read) !== null
    const findings = await Promise.all(
      others.map(async other => {
        if (other.peer !== null && connected.has(other.peer)) return passed(`${other.name} is connected`)
        if (isProxied) return notChecked(`${other.name} is reached through the proxy`)
        return await findingOf(other, world)
      }),
    )
    // one hospital that is away is its own matter; all of them at once point to this machine
    const isAlone = findings.every(({ state }) => state === 'warning')
    return isAlone ? findings.map(finding => ({ ...finding, state: 'failed' }) as DoctorFinding) : findings
  },
}

function peersOf(studies: readonly VerifiedStudy[], config: NodeConfig | null, self: string | null): Reachable[] {
  const found = new Map<string, Reachable>()
  for (const { id, name, addresses } of studies.flatMap(({ document }) => document.hospitals)) {
    const peer = peerIdString(id)
    if (peer !== self) found.set(peer, { name, peer, addresses })
  }
  const named = (config?.network.bootstrap ?? []).map((address): Reachable => {
    const peer = /\/p2p\/(\w+)$/.exec(address)?.[1] ?? null
    return { name: `bootstrap ${address}`, peer, addresses: [address] }
  })
  return [...found.values(), ...named]
}

async function findingOf({ name, addresses }: Reachable, world: DoctorWorld): Promise<DoctorFinding> {
  const endpoints = addresses.slice(0, ADDRESSES_MAX).flatMap(address => tcpPlaceOf(address) ?? [])
  if (endpoints.length === 0) return notChecked(`${name} has no address that can be tried from here`)
  const reasons: string[] = []
  for (const endpoint of endpoints) {
    try {
      await world.resolve(endpoint.host)
      await world.connect(endpoint)
      return passed(`${name} answers at ${endpointText(endpoint)}`)
    } catch (error) {
      reasons.push(`${endpointText(endpoint)}: ${networkErrorText(error)}`)
    }
  }
  return {
    state: 'warning',
    found: `${name} cannot be reached: ${reasons.join('; ')}`,
    remedy:
      'Ask its operator whether the node runs and its port is open, and your network department whether the port may be ' +
      'reached from here. Where it has another address now, add it to network.bootstrap in config.toml.',
    exitCode: EXIT.nodeUnreachable,
  }
}
