/**
 * An HTTP proxy for outgoing connections: CONNECT of RFC 9110, section 9.3.6, with Basic credentials where the proxy wants
 * them. Names are resolved by the proxy, since a hospital's own DNS may not know the outside.
 *
 * @module
 */

import { request } from 'node:http'
import type { Socket } from 'node:net'
import { authorityOf, type HttpProxy } from '../../config/proxy-setting.ts'
import { ReachError } from './reach-error.ts'

/** A proxy that has not answered for so long is given up; the dial has a limit of its own. */
const CONNECT_MS_MAX = 10_000
/** Of the head of a proxy's answer. */
const HEAD_BYTES_MAX = 16 * 1024

/**
 * A socket to host and port through the proxy.
 *
 * @throws ReachError `proxy-refused`, `proxy-unreachable`, `proxy-silent`, `proxy-garbage`; the signal's reason
 */
export function openTunnel(
  proxy: HttpProxy,
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted()
  const authority = authorityOf(target)
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const asked = request({
    ...{ host: proxy.host, port: proxy.port, method: 'CONNECT', path: authority, agent: false },
    headers: {
      host: authority,
      ...(proxy.authorization !== undefined && { 'proxy-authorization': proxy.authorization }),
    },
    maxHeaderSize: HEAD_BYTES_MAX,
  })
  const give = (error: unknown) => {
    reject(error)
    asked.destroy()
  }
  const aborted = () => give(signal.reason)
  const timer = setTimeout(() => give(fault(proxy, 'proxy-silent', 'does not answer')), CONNECT_MS_MAX)
  signal.addEventListener('abort', aborted, { once: true })
  asked.once('connect', (response, socket, head) => {
    // bytes that came with the answer belong to the tunnel
    if (head.length > 0) socket.unshift(head)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return resolve(socket as Socket)
    socket.destroy()
    give(refusal(proxy, status, authority))
  })
  asked.once('response', response => give(refusal(proxy, response.statusCode ?? 0, authority)))
  asked.once('error', cause => give(failure(proxy, cause as NodeJS.ErrnoException)))
  asked.end()
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', aborted)
  })
}

function fault({ label }: HttpProxy, code: string, words: string): ReachError {
  return new ReachError(code, `the proxy ${label} ${words}`)
}

function refusal(proxy: HttpProxy, status: number, authority: string): ReachError {
  const words: Readonly<Record<number, string>> = {
    401: 'asks for a login: put user and password into network.proxy',
    403: `does not let out connections to ${authority} (403): its administrator must allow that`,
    404: 'does not know CONNECT (404): is it a proxy?',
    405: `does not allow CONNECT to ${authority} (405): its administrator must allow that`,
    407:
      proxy.authorization === undefined
        ? 'asks for a login (407): put user and password into network.proxy'
        : 'does not accept the user and password of network.proxy (407)',
    429: 'is too busy (429)',
    502: `cannot connect to ${authority} (502)`,
    503: `cannot connect to ${authority} (503)`,
    504: `got no answer from ${authority} (504)`,
  }
  return fault(proxy, 'proxy-refused', words[status] ?? `refuses to connect to ${authority} (${status})`)
}

function failure(proxy: HttpProxy, { code = '' }: NodeJS.ErrnoException): ReachError {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return fault(proxy, 'proxy-unreachable', 'has a name unknown to DNS')
  if (code === 'ECONNREFUSED') return fault(proxy, 'proxy-unreachable', 'is not there (connection refused)')
  if (code === 'ETIMEDOUT') return fault(proxy, 'proxy-silent', 'does not answer')
  if (code.startsWith('HPE_')) return fault(proxy, 'proxy-garbage', 'does not speak HTTP')
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return fault(proxy, 'proxy-refused', 'cut the connection before it answered')
  }
  return fault(proxy, 'proxy-unreachable', `cannot be reached (${code || 'unknown error'})`)
}
