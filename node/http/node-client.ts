/** Asks a running node, by its data folder or by the address of its page: for commands, and for the doctor. @module */

import { readFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type NodeConfig, readConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { readToken } from './token.ts'

const TIMEOUT_MS = 5000
const ANSWER_BYTES_MAX = 16 << 20

/** Which node: by its data folder, or by the address of its page. */
export interface NodeAddress {
  readonly data?: string | undefined
  readonly url?: string | undefined
}

export interface NodeClient {
  /** such as http://127.0.0.1:7420 */
  readonly url: string
  /**
   * Reads what the node tells, with its token where that can be read: on loopback it is not needed.
   *
   * @param isRight whether the answer has the form that it has from a node
   * @throws OperatorError as `call`
   */
  ask<Value>(path: string, isRight: (value: unknown) => boolean): Promise<Value>
  /**
   * Sends one request with the node's token, and parses the answer's JSON.
   *
   * @throws OperatorError `no-token`, `node-unreachable` (exit code 9), `timed-out` (10), or what the node says
   */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>
}

/** A client of a node. @throws OperatorError `which-node` (exit code 2), `port-unknown` (3); as `readConfig` */
export async function openNodeClient({ data, url }: NodeAddress): Promise<NodeClient> {
  if (url !== undefined && URL.canParse(url)) return clientAt({ url, folder: undefined, ca: null })
  if (data === undefined || url !== undefined) {
    throw new OperatorError('which-node', url === undefined ? 'Which node?' : `${url} is not a URL`, {
      hint: 'Name its data folder with --data, or its page with --url http://127.0.0.1:7420.',
      exitCode: EXIT.usage,
    })
  }
  const config = await readConfig(data)
  const { tlsCertificate } = config.http
  const ca = tlsCertificate === null ? null : await readFile(tlsCertificate)
  return clientAt({ url: urlOf(config), folder: data, ca })
}

interface Target {
  readonly url: string
  /** with the token */
  readonly folder: string | undefined
  /** the node's own certificate */
  readonly ca: Buffer | null
}

function clientAt({ url, folder, ca }: Target): NodeClient {
  // the node's own certificate, read from this machine: whatever names it is made out for
  const tls = ca === null ? {} : { ca, allowPartialTrustChain: true, checkServerIdentity: () => undefined }
  const call = async (method: string, path: string, { body, token }: { body?: object; token: string | undefined }) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    }
    const options = { method, headers, ...tls, signal: AbortSignal.timeout(TIMEOUT_MS), agent: false as const }
    return accepted(await send(new URL(path, url), options, text), url)
  }
  return {
    url,
    ask: async <Value>(path: string, isRight: (value: unknown) => boolean) => {
      const token = folder === undefined ? undefined : await readToken(folder).catch(() => undefined)
      const value = await call('GET', path, { token })
      if (!isRight(value)) throw notANode(url)
      return value as Value
    },
    call: async (method, path, body) => {
      const token = folder === undefined ? undefined : await readToken(folder)
      return await call(method, path, { token, ...(body === undefined ? {} : { body }) })
    },
  }
}

/** Where a node is reached from its own machine. @throws OperatorError `port-unknown`, exit code 3 */
function urlOf({ http: { host, port, tlsCertificate } }: Pick<NodeConfig, 'http'>): string {
  if (port === 0) {
    throw new OperatorError('port-unknown', 'The config has http.port 0, which takes any free port', {
      hint: "Set http.port in config.toml, or name the address from the node's log with --url.",
      exitCode: EXIT.config,
    })
  }
  const local = localAddress(host)
  return `${tlsCertificate === null ? 'http' : 'https'}://${local.includes(':') ? `[${local}]` : local}:${port}`
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
  throw notANode(url)
}

function notANode(url: string): OperatorError {
  return new OperatorError('node-unreachable', `What answers at ${url} is not a node of confrere`, {
    hint: 'Another program may use the port: check http.port in config.toml.',
    exitCode: EXIT.nodeUnreachable,
  })
}
