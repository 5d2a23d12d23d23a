/** A star of network namespaces: a hub, and a link to each of the others. @module ip-netns(8), ip-route(8) */

import { runProgram } from '../chaos/sandbox.ts'

export interface Star {
  readonly hub: string
  /** the names of the others, at most 250 */
  readonly spokes: readonly string[]
  /** the first two numbers of all addresses: those of spoke `at` are `${network}.${at}.2`, and the hub's there `.1` */
  readonly network: string
  /** networks beyond its own that a spoke reaches through the hub, which then passes packets on */
  readonly routes?: (spoke: string) => readonly string[]
}

/** Lays the links. Only inside the program's own namespaces, because it hides /run. */
export async function layLinks({ hub, spokes, network, routes = () => [] }: Star): Promise<void> {
  await runProgram('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  const ip = async (...args: string[]) => await runProgram('ip', args)
  for (const name of [...spokes, hub]) {
    await ip('netns', 'add', name)
    await ip('-n', name, 'link', 'set', 'lo', 'up')
  }
  for (const [at, name] of spokes.entries()) {
    await ip('link', 'add', name, 'netns', hub, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    for (const [namespace, device, host] of [
      [hub, name, 1],
      [name, 'eth0', 2],
    ] as const) {
      await ip('-n', namespace, 'addr', 'add', `${network}.${at}.${host}/24`, 'dev', device)
      await ip('-n', namespace, 'link', 'set', device, 'up')
    }
    for (const to of routes(name)) await ip('-n', name, 'route', 'add', to, 'via', `${network}.${at}.1`)
  }
  const passes = spokes.some(name => routes(name).length > 0)
  if (!passes) return
  const [program, ...args] = enter(hub)
  await runProgram(program, [...args, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
}

/** The command prefix that runs a command in a namespace. */
export function enter(namespace: string): [string, string] {
  return ['nsenter', `--net=/run/netns/${namespace}`]
}
