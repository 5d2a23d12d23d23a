/**
 * A network of namespaces: one per hospital, joined by a bridge, with links that can be cut in one direction at a time.
 * All of it is inside the program's own namespaces and disappears with it.
 *
 * A cut direction is a neighbour entry with an unused MAC address: frames are sent and lost, and the sender gets no
 * error, as with a switch that has failed.
 *
 * @module ip-netns(8), ip-neighbour(8), tc-netem(8), tc-tbf(8)
 */

import type { Cut } from './plan.ts'
import { runProgram } from './sandbox.ts'

const HUB = 'hub'
const BRIDGE = 'bridge0'
const NETWORK = '10.77.0'
const DEVICE = 'eth0'
const NOBODY = '02:00:00:77:ff:ff'

const nameOf = (at: number): string => `hospital${at + 1}`
const macOf = (at: number): string => `02:00:00:77:00:${(at + 1).toString(16).padStart(2, '0')}`

export interface Wiring {
  /** its address */
  host(at: number): string
  /** the command prefix that runs a command in its namespace */
  enter(at: number): string[]
  /** Cuts exactly these directions and restores all others. */
  cut(cuts: readonly Cut[]): Promise<void>
  /** Makes a hospital's link slow and lossy; returns a description. */
  spoil(at: number): Promise<string>
}

async function ip(...args: string[]): Promise<void> {
  await runProgram('ip', args)
}

/** Builds the network. Only inside the program's own namespaces, because it hides /run. */
export async function layNetwork(hospitals: number): Promise<Wiring> {
  const all = Array.from({ length: hospitals }, (_, at) => at)
  const host = (at: number): string => `${NETWORK}.${at + 1}`
  await runProgram('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  await ip('netns', 'add', HUB)
  await ip('-n', HUB, 'link', 'add', BRIDGE, 'type', 'bridge')
  await ip('-n', HUB, 'link', 'set', BRIDGE, 'up')
  for (const at of all) {
    const name = nameOf(at)
    await ip('netns', 'add', name)
    await ip('link', 'add', name, 'netns', HUB, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', name)
    await ip('-n', HUB, 'link', 'set', name, 'master', BRIDGE, 'up')
    await ip('-n', name, 'link', 'set', 'lo', 'up')
    await ip('-n', name, 'link', 'set', DEVICE, 'address', macOf(at), 'up')
    await ip('-n', name, 'addr', 'add', `${host(at)}/24`, 'dev', DEVICE)
  }
  const cut = async (cuts: readonly Cut[]): Promise<void> => {
    for (const from of all) {
      for (const to of all) {
        if (from === to) continue
        const broken = cuts.some(([a, b]) => a === from && b === to)
        const entry = [host(to), 'lladdr', broken ? NOBODY : macOf(to), 'dev', DEVICE, 'nud', 'permanent']
        await ip('-n', nameOf(from), 'neigh', 'replace', ...entry)
      }
    }
  }
  await cut([])
  return { host, enter: at => ['nsenter', `--net=/run/netns/${nameOf(at)}`], cut, spoil }
}

async function spoil(at: number): Promise<string> {
  const qdisc = ['-n', nameOf(at), 'qdisc', 'replace', 'dev', DEVICE, 'root']
  try {
    await runProgram('tc', [...qdisc, 'netem', 'delay', '60ms', '20ms', 'loss', '3%', 'rate', '4mbit'])
    return '60 ms ± 20 ms late, 3 % lost, 4 Mbit/s'
  } catch {
    // a kernel without netem: a queue that is far too short drops the excess
    await runProgram('tc', [...qdisc, 'tbf', 'rate', '1mbit', 'burst', '4kb', 'limit', '6kb'])
    return '1 Mbit/s with a queue of 6 kB that loses the rest (this kernel has no netem: nothing is late)'
  }
}
