/**
 * Who may act: holders of the token, and browsers that were logged in with it. All of it is gone when the node ends.
 *
 * @module
 */

import { createHash, timingSafeEqual } from 'node:crypto'

/** A login link is used at once by the browser that the command line opens. */
const LINK_MS = 60_000
const SESSION_MS = 12 * 60 * 60_000
/** The oldest one goes when there are more. */
const LINKS_MAX = 16
const SESSIONS_MAX = 64
const SECRET_BYTES = 32

export interface SessionOptions {
  readonly token: string
  /** of this node: cookies of one host go to all its ports, and several nodes may run there */
  readonly peer: string
  /** milliseconds since the epoch */
  now(): number
  /** cryptographically secure */
  random(bytes: number): Uint8Array
}

export class Sessions {
  readonly cookie: string
  readonly sessionSeconds: number = SESSION_MS / 1000
  readonly #token: Buffer
  readonly #now: SessionOptions['now']
  readonly #random: SessionOptions['random']
  /** when each expires, by hash: looking up a hash tells nothing about a secret by its time */
  readonly #links = new Map<string, number>()
  readonly #sessions = new Map<string, number>()

  constructor({ token, peer, now, random }: SessionOptions) {
    this.cookie = `confrere-${peer.slice(-8)}`
    this.#token = digest(token)
    this.#now = now
    this.#random = random
  }

  /** Whether it is the token; takes as long whatever is wrong with it. */
  isToken(text: string): boolean {
    return timingSafeEqual(digest(text), this.#token)
  }

  /** A secret that logs in once. */
  createLink(): { once: string; expires: number } {
    return this.#create(this.#links, { lifeMs: LINK_MS, most: LINKS_MAX })
  }

  /** Uses a link up. @returns the cookie's value, or null when the link is used or too old */
  useLink(once: string): string | null {
    const key = digest(once).toString('hex')
    const alive = this.#alive(this.#links, key)
    this.#links.delete(key)
    return alive ? this.createSession() : null
  }

  /** For a caller that has shown the token. @returns the cookie's value */
  createSession(): string {
    return this.#create(this.#sessions, { lifeMs: SESSION_MS, most: SESSIONS_MAX }).once
  }

  isSession(value: string): boolean {
    return this.#alive(this.#sessions, digest(value).toString('hex'))
  }

  endSession(value: string): void {
    this.#sessions.delete(digest(value).toString('hex'))
  }

  #create(of: Map<string, number>, { lifeMs, most }: { lifeMs: number; most: number }) {
    const once = Buffer.from(this.#random(SECRET_BYTES)).toString('base64url')
    const expires = this.#now() + lifeMs
    of.set(digest(once).toString('hex'), expires)
    const [oldest] = of.keys()
    if (of.size > most && oldest !== undefined) of.delete(oldest)
    return { once, expires }
  }

  #alive(of: Map<string, number>, key: string): boolean {
    const expires = of.get(key)
    if (expires !== undefined && expires <= this.#now()) of.delete(key)
    return expires !== undefined && expires > this.#now()
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
