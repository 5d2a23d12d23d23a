/** Whether the other hospitals' addresses resolve, can be reached, and are theirs. @module */

import type { NodeConfig } from '../config/config.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { PROTOCOL_VERSION } from '../network/hello.ts'
import type { PeerProbe, Probed } from '../network/peer-probe.ts'
import { peerIdString } from '../storage/identity.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { endpointText, tcpPlaceOf } from './addresses.ts'
import { type DoctorCheck, type DoctorFinding, notChecked, passed, valueIn } from './check.ts'
import { proxyOf } from './proxy.ts'
import { type DoctorWorld, networkErrorText } from './world.ts'

/** A hospital has few addresses; a study lists what it likes. */
const ADDRESSES_MAX = 8
const PEERS_MAX = 100
/** Of a study's id, where a person reads it. */
const STUDY_DIGITS = 12

/** Addresses by a name for people, and by peer id where it is known. */
interface Reachable {
  readonly name: string
  readonly peer: string | null
  readonly addresses: readonly string[]
}

/** What is found of a hospital; `isAway`: where it is so with all of them, the cause is here. */
interface Answer {
  readonly finding: DoctorFinding
  readonly isAway: boolean
}

export const peersCheck: DoctorCheck = {
  name: 'peers',
  isCheap: false,
  of: 'folder',
  async run({ folder, config, studies, peer, running }, world) {
    const read = valueIn(config)
    const others = peersOf(valueIn(studies) ?? [], read, valueIn(peer)).slice(0, PEERS_MAX)
    if (others.length === 0) return [notChecked('no other hospital is known yet')]
    const node = await running()
    const known = new Map(node?.peers.map(found => [found.peer, found]))
    const isProxied = read !== null && proxyOf(read) !== null
    const mayProbe = node === null && !isProxied && read !== null && valueIn(peer) !== null
    const probe = mayProbe ? await world.peerProbe(folder) : null
    try {
      const answers = await Promise.all(
        others.map(async (other): Promise<Answer> => {
          const said = other.peer === null ? undefined : known.get(other.peer)
          if (said?.state === 'connected') return fine(passed(`${other.name} is connected`))
          if (said?.reason) return away(`The running node says: ${said.reason}`, UNREACHED)
          if (isProxied) return fine(notChecked(`${other.name} is reached through the proxy`))
          return await answerOf(other, { world, probe })
        }),
      )
      // one hospital that is away is its own matter; all of them at once point to this machine
      const isAlone = answers.every(({ isAway }) => isAway)
      return answers.map(({ finding }) => (isAlone ? ({ ...finding, state: 'failed' } as DoctorFinding) : finding))
    } finally {
      await probe?.close()
    }
  },
}

const UNREACHED =
  'Ask its operator whether the node runs and its port is open, and your network department whether the port may be ' +
  'reached from here. Where it has another address now, add it to network.bootstrap in config.toml.'

const fine = (finding: DoctorFinding): Answer => ({ finding, isAway: false })

function away(found: string, remedy: string, exitCode: ExitCode = EXIT.nodeUnreachable): Answer {
  return { finding: { state: 'warning', found, remedy, exitCode }, isAway: true }
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

async function answerOf(
  { name, peer, addresses }: Reachable,
  { world, probe }: { world: DoctorWorld; probe: PeerProbe | null },
): Promise<Answer> {
  const places = addresses.slice(0, ADDRESSES_MAX).flatMap(address => {
    const endpoint = tcpPlaceOf(address)
    return endpoint === null ? [] : [{ address, endpoint }]
  })
  if (places.length === 0) return fine(notChecked(`${name} has no address that can be tried from here`))
  const reasons: string[] = []
  let stranger: Answer | null = null
  for (const { address, endpoint } of places) {
    const place = endpointText(endpoint)
    try {
      await world.resolve(endpoint.host)
      await world.connect(endpoint)
    } catch (error) {
      reasons.push(`${place}: ${networkErrorText(error)}`)
      continue
    }
    if (probe === null || peer === null) return fine(passed(`${name} answers at ${place}`))
    const probed = await probe.probe(peer, address)
    if (probed.kind !== 'no-node' && probed.kind !== 'other-peer') return metText({ name, place }, probed)
    stranger ??= strangerText({ name, place, peer }, probed)
  }
  return stranger ?? away(`${name} cannot be reached: ${reasons.join('; ')}`, UNREACHED)
}

/** The hospital that is meant has answered. */
function metText(
  { name, place }: { name: string; place: string },
  probed: Exclude<Probed, { kind: 'no-node' | 'other-peer' }>,
): Answer {
  if (probed.kind === 'turned-away') {
    const found = `${name} answers at ${place}, but not this node: it has approved no study with it yet, or is starting`
    const remedy = 'Ask its operator whether the study is approved there and the node runs.'
    // it is reached: nothing here is wrong
    return { ...away(found, remedy), isAway: false }
  }
  const theirs = probed.kind === 'speaks' ? probed.protocol : null
  if (probed.kind === 'speaks' && theirs === PROTOCOL_VERSION) {
    const study = probed.study.slice(0, STUDY_DIGITS)
    return fine(passed(`${name} answers at ${place} and speaks our version, for study ${study}`))
  }
  const older = theirs === null ? 'one of the two is older' : theirs < PROTOCOL_VERSION ? 'it is older' : 'it is newer'
  const version = theirs === null ? 'another version' : `version ${theirs}`
  return away(
    `${name} is reached at ${place}, but speaks ${version} of the protocol, and this node version ${PROTOCOL_VERSION}: ${older}`,
    'Install the newer of the two versions of Confrère at both hospitals.',
    EXIT.incompatibleStudy,
  )
}

/** Somebody else has answered. */
function strangerText(
  { name, place, peer }: { name: string; place: string; peer: string },
  probed: Extract<Probed, { kind: 'no-node' | 'other-peer' }>,
): Answer {
  if (probed.kind === 'other-peer') {
    return away(
      `Another peer answers at ${name}'s address ${place} (expected ${peer}, found ${probed.found})`,
      'Ask its operator for "confrere id" and the address of the node. A new key is a change of the roster ' +
        '("confrere roster rotate"); another address goes to network.bootstrap in config.toml.',
    )
  }
  return away(`What answers at ${name}'s address ${place} is not a node: ${probed.text}`, UNREACHED)
}
