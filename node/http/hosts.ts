/**
 * Which Host headers are answered. A page in the operator's browser may have any name resolve to this machine (DNS
 * rebinding): then the browser takes our answers for that page's own, and only the Host header tells.
 *
 * @module
 */

import { isLoopback } from '../config/config.ts'

const PORT_MAX = 65_535

/** The name or address of a Host header without brackets and port, in lower case; null when it is not one. */
function hostName(header: string | undefined): string | null {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:[\]/@\s]+))(?::(\d{1,5}))?$/i.exec(header ?? '')
  if (Number(match?.[3] ?? 0) > PORT_MAX) return null
  return match === null ? null : (match[1] ?? match[2] ?? '').toLowerCase()
}

/** Whether a Host header names this machine, whatever the port: an SSH tunnel changes that. */
export function isLoopbackHost(header: string | undefined): boolean {
  const name = hostName(header)
  return name !== null && isLoopback(name)
}

/** Whether a Host header names this machine, or is one of the names under which the operator has others reach it. */
export function isAllowedHost(header: string | undefined, names: readonly string[]): boolean {
  const name = hostName(header)
  return name !== null && (isLoopback(name) || names.some(allowed => allowed.toLowerCase() === name))
}

/** Whether an Origin header is this interface's own: same name and port as the Host header. */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase()
}
