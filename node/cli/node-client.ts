/** Asks the running node of a data folder, with its token: for commands that act on it. @module */

import { readFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { readConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { readToken } from '../http/token.ts'

const TIMEOUT_MS = 5000
const ANSWER_BYTES_MAX = 16 << 20

export interface NodeClient {
  /** such as http://127.0.0.1:7420 */
  readonly url: string
  /**
   * Sends one request, and parses the answer's JSON.
   *
   * @throws OperatorError `node-unreachable` (exit code 9), `timed-out` (10), or what the node says
   */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>
}

/** A client of the node that runs on a data folder. @throws OperatorError of exit code 3 or 9 */
export async function openNodeClient(folder: string): Promise<NodeClient> {
  const { host, port, tlsCertificate } = (await readConfig(folder)).http
  if (port === 0) {
    throw new OperatorError('port-unknown', 'The config has http.port 0, which takes any free port', {
      hint: 'Set http.port in config.toml to a port of your choice.',
      exitCode: EXIT.config,
    })
  }
  const token = await readToken(folder)
  const ca = tlsCertificate === null ? null : await readFile(tlsCertificate)
  const local = localAddress(host)
  const url = `${ca === null ? 'http' : 'https'}://${local.includes(':') ? `[${local}]` : local}:${port}`
  return {
    url,
    call: async (method, path, body) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${token}`,
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      }
      // the node's own certificate, read from this machine: whatever names it is made out for
      const tls = ca === null ? {} : { ca, allowPartialTrustChain: true, checkServerIdentity: () => undefined }
      const options = { method, headers, ...tls, signal: AbortSignal.timeout(TIMEOUT_MS), agent: false as const }
      const answer = await send(new URL(path, url), options, text)
      return accepted(answer, url)
    },
  }
}

/** Where a server that listens on all addresses is reached from its own machine. */
function localAddress(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function send(url: URL, options: object, text: string | undefined): Promise<Answer> {
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const request = url.protocol === 'https:' ? httpsRequest : httpRequest
      const sent = request(url, options, answer => {
        readText(answer).then(read => resolve({ status: answer.statusCode ?? 0, text: read }), reject)
      })
      sent.once('error', reject)
      sent.end(text)
    })
  } catch (cause) {
    const late = (cause as Error).name === 'TimeoutError' || (cause as Error).name === 'AbortError'
    throw late
      ? new OperatorError('timed-out', `The node at ${url.origin} did not answer within ${TIMEOUT_MS / 1000} s`, {
          hint: 'Its machine may be overloaded: look at its log.',
          exitCode: EXIT.timedOut,
          cause,
        })
      : new OperatorError('node-unreachable', `No node answers at ${url.origin}: ${(cause as Error).message}`, {
          hint: 'Start it with "confrere start", or check http in config.toml.',
          exitCode: EXIT.nodeUnreachable,
          cause,
        })
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The answer's value. @throws OperatorError of what the node says, or `node-unreachable` when it is no node */
function accepted({ status, text }: Answer, url: string): unknown {
  let value: { code?: unknown; detail?: unknown; hint?: unknown } | null
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  if (value !== null && status >= 200 && status < 300) return value
  if (typeof value?.code === 'string' && typeof value.detail === 'string') {
    throw new OperatorError(value.code, value.detail, {
      hint: typeof value.hint === 'string' ? value.hint : 'Look at the log of the node.',
      exitCode: status === 400 ? EXIT.usage : EXIT.nodeUnreachable,
    })
  }
  throw new OperatorError('node-unreachable', `What answers at ${url} is not a node of confrere`, {
    hint: 'Another program may use the port: check http.port in config.toml.',
    exitCode: EXIT.nodeUnreachable,
  })
}
