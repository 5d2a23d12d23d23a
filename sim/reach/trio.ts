/**
 * Three hospitals as processes, each in a network of its own, that reach each other in one of several ways: Hospital A
 * can be reached by the others, and Hospital B and Hospital C by nobody, except where the way is `direct`.
 *
 * @module
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../chaos/sandbox.ts'
import { startProgram } from '../processes/child.ts'
import { Hospital, type HospitalInit, openSocket, type Place } from '../processes/node-process.ts'
import { type Certificate, makeCertificate } from './certificate.ts'
import { enter, layLinks } from './links.ts'
import { absent, NGINX, strictProxy, TINYPROXY, webSite } from './servers.ts'

/**
 * `direct`: all reach all. `relay`: the others reach only Hospital A. `web`: and that through nginx with TLS.
 * `proxy`: and that through a proxy that lets out port 443 only. `proxy-web`: through both.
 */
export const WAYS = ['direct', 'relay', 'web', 'proxy', 'proxy-web'] as const
export type StudyWay = (typeof WAYS)[number]

export const SITES = ['Hospital A', 'Hospital B', 'Hospital C'] as const
const HUB = 'gate'
const NETWORK = '10.78'
const HOST_A = `${NETWORK}.0.2`
/** In the file of hosts of all, and in the certificate. */
const NAME_A = 'a.example'
const PORT = 7419
const WEB_PORT = 7421
const TLS_PORT = 443
const PROXY_PORT = 3128
const HTTP_PORT = 7420

const hasWeb = (way: StudyWay): boolean => way === 'web' || way === 'proxy-web'
const hasProxy = (way: StudyWay): boolean => way === 'proxy' || way === 'proxy-web'

/** Why a way cannot be tried here; undefined where it can. */
export function lackingFor(way: StudyWay): string | undefined {
  return (
    (hasWeb(way) ? (absent(NGINX) ?? absent('/usr/bin/openssl')) : undefined) ??
    (hasProxy(way) ? absent(TINYPROXY) : undefined)
  )
}

export interface Trio {
  readonly a: Hospital
  readonly b: Hospital
  readonly c: Hospital
  /** the lines that "confrere invite" printed at Hospital A */
  readonly invitations: readonly string[]
}

/**
 * Lays the networks, starts the servers, makes the hospitals by `init`, `invite` and `join`, and starts their nodes.
 *
 * @param folder an empty one
 * @throws ChildError with what a command or a node said when it failed
 */
export async function startTrio(way: StudyWay, folder: string): Promise<Trio> {
  await layLinks({
    hub: HUB,
    spokes: [...SITES].map(namespaceOf),
    network: NETWORK,
    routes: spoke => routesOf(way, spoke),
  })
  const certificate = await startServers(way, folder)
  const init = (at: number, more: Partial<HospitalInit> = {}): HospitalInit => {
    const place = placeOf(at, folder)
    openSocket(place, { httpPort: HTTP_PORT, log: join(folder, 'relay.log') })
    const ports = { listen: way === 'proxy' && at === 0 ? TLS_PORT : PORT, http: HTTP_PORT }
    const name = namespaceOf(SITES[at] as string)
    const files = { folder: join(folder, name), log: join(folder, `${name}.log`) }
    return { site: SITES[at] as string, ...files, ports, place, mdns: false, logLevel: 'info', ...more }
  }
  const a = await Hospital.create(init(0, { network: hasWeb(way) ? WEB_NETWORK : {} }))
  const joined = async (at: number) => {
    const invitation = (await a.command('invite')).trim()
    const network = {
      ...(hasProxy(way) && { proxy: toml(`http://${NETWORK}.${at}.1:${PROXY_PORT}`) }),
      ...(certificate && { ca: toml(certificate.caFile) }),
    }
    return { invitation, hospital: await Hospital.create(init(at, { invitation, network })) }
  }
  const [b, c] = await Promise.all([joined(1), joined(2)])
  for (const hospital of [a, b.hospital, c.hospital]) hospital.start()
  return { a, b: b.hospital, c: c.hospital, invitations: [b.invitation, c.invitation] }
}

/** What `[network]` of a node behind a web server says. */
const WEB_NETWORK = {
  listen: toml([`/ip4/127.0.0.1/tcp/${PORT}`, `/ip4/127.0.0.1/tcp/${WEB_PORT}/ws`]),
  announce: toml([`/dns4/${NAME_A}/tcp/${TLS_PORT}/tls/ws/http-path/confrere`]),
}

/** JSON's texts and lists are TOML's too. */
function toml(value: string | readonly string[]): string {
  return JSON.stringify(value)
}

function namespaceOf(site: string): string {
  return site.toLowerCase().replace(' ', '-')
}

function placeOf(at: number, folder: string): Place {
  const name = namespaceOf(SITES[at] as string)
  return { host: '0.0.0.0', enter: enter(name), socket: join(folder, `${name}.socket`) }
}

/** Hospital A answers whoever reaches it; behind a proxy nobody has a way beyond it. */
function routesOf(way: StudyWay, spoke: string): string[] {
  if (hasProxy(way)) return []
  return way === 'direct' || spoke === namespaceOf(SITES[0]) ? ['default'] : [`${NETWORK}.0.0/24`]
}

/** @returns the certificate of Hospital A's web server, where it has one */
async function startServers(way: StudyWay, folder: string): Promise<Certificate | undefined> {
  const hosts = join(folder, 'hosts')
  await writeFile(hosts, `127.0.0.1 localhost\n${HOST_A} ${NAME_A}\n`)
  // only for this program and its children: the mount is inside its own namespace
  await runProgram('mount', ['--bind', hosts, '/etc/hosts'])
  const log = join(folder, 'servers.log')
  if (hasProxy(way)) {
    const command = await strictProxy(folder, { port: PROXY_PORT, allow: `${NETWORK}.0.0/16` })
    startProgram([...enter(HUB), ...command], { log })
  }
  if (!hasWeb(way)) return
  const site = join(folder, 'web')
  await mkdir(site)
  const certificate = makeCertificate(site, `DNS:${NAME_A}`)
  if (certificate === undefined) throw new Error('openssl is not installed')
  const command = await webSite({ folder: site, certificate, listen: `${HOST_A}:${TLS_PORT}`, upstream: WEB_PORT })
  startProgram([...enter(namespaceOf(SITES[0])), ...command], { log })
  return certificate
}
