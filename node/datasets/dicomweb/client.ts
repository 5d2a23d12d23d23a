/**
 * GET requests to one PACS, and what must hold for an answer before it is read.
 *
 * It is node:http and not the global `fetch`, which takes no certificate authority of its own, follows redirects by itself
 * and unpacks what a server compressed, however large it becomes.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import * as http from 'node:http'
import * as https from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import type { PacsCredentials } from './credentials.ts'
import { PAUSES_MS, REDIRECTS_MAX } from './limits.ts'
import { type MediaType, mediaType } from './multipart.ts'
import { badAnswer, badSettings, PacsError } from './pacs-error.ts'

export interface PacsOptions {
  /** of the DICOMweb service, such as `https://pacs.example/dicom-web`; searches go to `URL/studies` */
  readonly url: string
  readonly credentials?: PacsCredentials
  /** certificates in PEM that are trusted instead of the system's */
  readonly authority?: string
  /** sends credentials and takes images without encryption to another machine than this one */
  readonly unencrypted?: boolean
  /** another clock, for tests */
  readonly clock?: PacsClock
}

export interface PacsClock {
  /** aborts after so many milliseconds */
  readonly timeout: (ms: number) => AbortSignal
  readonly pause: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>
}

const REAL_CLOCK: PacsClock = {
  timeout: ms => AbortSignal.timeout(ms),
  pause: (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }),
}

export interface PacsRequest {
  /** behind the service's address: `/studies` */
  readonly path: string
  readonly query?: URLSearchParams
  readonly accept: string
  /** media types of answers that are taken */
  readonly types: readonly string[]
  readonly bytesMax: number
  readonly msMax: number
  /** asks once only */
  readonly once?: boolean
}

export interface PacsAnswer {
  readonly type: MediaType
  readonly body: Uint8Array
  /** whether the server says that there are more results (PS3.18, 8.3.4.4) */
  readonly more: boolean
}

export class PacsClient {
  /** address of the service, without a slash at its end */
  readonly #root: string
  readonly #origin: string
  readonly #options: PacsOptions
  readonly #clock: PacsClock
  readonly #agent: http.Agent
  readonly #signal: AbortSignal | undefined

  /** @param signal ends all that is under way. @throws PacsError `pacs-settings` */
  constructor(options: PacsOptions, signal?: AbortSignal) {
    const base = serviceAddress(options)
    this.#root = `${base.origin}${base.pathname.replace(/\/+$/, '')}`
    this.#origin = base.origin
    this.#options = options
    this.#clock = options.clock ?? REAL_CLOCK
    this.#signal = signal
    const { authority: ca } = options
    const kept = { keepAlive: true, maxSockets: 1 }
    this.#agent =
      base.protocol === 'https:'
        ? new https.Agent({ ...kept, ...(ca === undefined ? {} : { ca }) })
        : new http.Agent(kept)
  }

  /**
   * Asks, and asks again after pauses when the connection was lost or the server is at fault.
   *
   * @returns null for an answer without content
   * @throws PacsError; the reason of the signal
   */
  async get(request: PacsRequest): Promise<PacsAnswer | null> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#follow(request)
      } catch (error) {
        this.#signal?.throwIfAborted()
        const again = error instanceof PacsError && (error.fault === 'pacs-gone' || error.fault === 'pacs-failing')
        if (!again || request.once || tries >= PAUSES_MS.length) throw error
        await this.#clock.pause(PAUSES_MS[tries]!, this.#signal)
      }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #follow(request: PacsRequest): Promise<PacsAnswer | null> {
    const timeout = this.#clock.timeout(request.msMax)
    const signal = this.#signal === undefined ? timeout : AbortSignal.any([this.#signal, timeout])
    let url = new URL(`${this.#root}${request.path}`)
    url.search = request.query?.toString() ?? ''
    try {
      for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
        const response = await this.#send(url, request.accept, signal)
        try {
          const status = response.statusCode ?? 0
          if (status >= 300 && status < 400 && status !== 304) url = this.#redirected(url, response.headers.location)
          else return await answerOf(response, request)
        } finally {
          // an unread rest would keep the connection busy
          if (!response.complete) response.destroy()
          else response.resume()
        }
      }
    } catch (error) {
      throw timeout.aborted && !(error instanceof PacsError) ? gone('took too long to answer') : ownWords(error)
    }
    throw new PacsError('pacs-redirect', `The PACS redirects more than ${REDIRECTS_MAX} times`, REDIRECT_HINT)
  }

  #send(url: URL, accept: string, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { credentials } = this.#options
    const headers = {
      accept,
      'accept-encoding': 'identity',
      ...(credentials === undefined ? {} : { authorization: credentials.authorization() }),
    }
    const { request } = url.protocol === 'https:' ? https : http
    return new Promise((resolve, reject) => {
      const sent = request(url, { agent: this.#agent, headers, signal }, resolve)
      sent.on('error', reject)
      sent.end()
    })
  }

  /** Credentials and identifiers go to the server that the operator named, and to no other. */
  #redirected(from: URL, location: string | undefined): URL {
    const to = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : null
    if (to !== null && to.origin === this.#origin && to.username === '' && to.password === '') return to
    throw new PacsError('pacs-redirect', 'The PACS redirects to another server, which is not followed', REDIRECT_HINT)
  }
}

const REDIRECT_HINT =
  'Open the address in a browser, and name the one of the DICOMweb service itself, with https if it has it.'

function serviceAddress({ url, credentials, authority, unencrypted = false }: PacsOptions): URL {
  const base = URL.canParse(url) ? new URL(url) : null
  if (base === null || !['http:', 'https:'].includes(base.protocol)) {
    throw badSettings('The address of the PACS is no http or https address', 'It looks like https://HOST/dicom-web.')
  }
  if (base.username !== '' || base.password !== '') {
    throw badSettings('The address of the PACS holds a name or a password', 'Remove it, and put it into a file.')
  }
  if (base.search !== '' || base.hash !== '') {
    throw badSettings('The address of the PACS has more than a path', 'Remove all from the "?" or "#" on.')
  }
  if (authority !== undefined && !isCertificate(authority)) {
    throw badSettings('The certificate of the authority is none in PEM', 'Name another file, or convert it to PEM.')
  }
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(base.hostname)
  if (base.protocol === 'http:' && !local && !unencrypted) {
    const sent = credentials === undefined ? 'Images' : 'Images and a password'
    throw badSettings(
      `${sent} would cross the network unencrypted`,
      'Use https, a tunnel that ends on this machine, or allow it for this PACS.',
    )
  }
  return base
}

/** Node.js passes over what it cannot read among authorities, and the error is another one then. */
function isCertificate(pem: string): boolean {
  try {
    return pem.includes('-----BEGIN') && new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

async function answerOf(response: http.IncomingMessage, request: PacsRequest): Promise<PacsAnswer | null> {
  const { statusCode: status = 0, headers } = response
  requireSuccess(status)
  if (status === 204) return null
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity') {
    throw badAnswer(
      'compresses its answers, though it was asked not to',
      'Look for a proxy that does, and name the PACS itself.',
    )
  }
  const type = mediaType(headers['content-type'] ?? '')
  if (!request.types.includes(type.type)) {
    const what = type.type === 'text/html' ? 'a web page, perhaps one to log in' : 'no DICOM'
    throw badAnswer(`answers with ${what}`)
  }
  if (Number(headers['content-length'] ?? 0) > request.bytesMax) throw tooLong(request)
  const more = /(^|,)\s*299 /.test(String(headers['warning'] ?? ''))
  return { type, body: await bodyOf(response, request), more }
}

async function bodyOf(response: http.IncomingMessage, request: PacsRequest): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > request.bytesMax) throw tooLong(request)
    pieces.push(piece)
  }
  const body = Buffer.concat(pieces)
  return new Uint8Array(body.buffer, body.byteOffset, body.length)
}

function tooLong({ bytesMax }: PacsRequest): PacsError {
  return badAnswer(
    `answers with more than ${bytesMax} bytes`,
    'Narrow what is searched for; a larger instance is not read.',
  )
}

function requireSuccess(status: number): void {
  if (status === 200 || status === 204) return
  if (status === 401) {
    const hint = 'Correct the name and password, or the token, in the file with the credentials.'
    throw new PacsError('pacs-unauthorised', 'The PACS does not accept the credentials (401)', hint)
  }
  if (status === 403) {
    const hint = 'Ask the administrator of the PACS to let this account search and retrieve by DICOMweb.'
    throw new PacsError('pacs-forbidden', 'The PACS does not allow this account to read that (403)', hint)
  }
  if (status === 404 || status === 410) {
    const hint = 'Correct the address of its DICOMweb service, such as https://HOST/dicom-web.'
    throw new PacsError('pacs-missing', `The PACS has nothing there (${status})`, hint)
  }
  if (status === 429 || (status >= 500 && status < 600)) {
    throw new PacsError('pacs-failing', `The PACS fails (${status})`, "Look into the PACS's own log.")
  }
  throw badAnswer(`refuses the request (${status})`, 'Check that it offers QIDO-RS and WADO-RS.')
}

function gone(what: string): PacsError {
  return new PacsError('pacs-gone', `The PACS ${what}`, 'Check that it runs and that this machine reaches it.')
}

/** An error of the system as one of ours: messages and causes of those may hold what a server sent. */
function ownWords(error: unknown): unknown {
  if (error instanceof PacsError) return error
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (/CERT|UNABLE_TO|ALTNAME/.test(code)) {
    const hint = 'Name the file with the certificate of its authority, and the host as the certificate has it.'
    return new PacsError('pacs-certificate', `The certificate of the PACS is not trusted (${code})`, hint)
  }
  if (code.startsWith('HPE_'))
    return badAnswer(`does not speak HTTP (${code})`, 'Check the port of its DICOMweb service.')
  if (/^(EPROTO|ERR_SSL)/.test(code)) return badAnswer('does not speak https there', 'Check the address and its port.')
  if (code === 'ENOTFOUND') return gone('has a name that is not known (ENOTFOUND)')
  return /^E(?!RR_)[A-Z]+$|^ERR_STREAM/.test(code) ? gone(`cannot be reached, or broke off (${code})`) : error
}
