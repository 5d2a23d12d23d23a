/** The part of the package `ws` that is used here; it brings no types of its own. */
declare module 'ws' {
  import type { ClientRequestArgs, IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  interface ClientOptions {
    perMessageDeflate: boolean
    maxPayload: number
    createConnection: (options: ClientRequestArgs, done: (error: Error | null, socket?: Duplex) => void) => undefined
  }

  export class WebSocket {
    constructor(url: string, options: ClientOptions)
    binaryType: string
    close(code?: number, reason?: string): void
    terminate(): void
    on(event: 'error', listener: (error: Error) => void): this
    once(event: 'open', listener: () => void): this
    once(event: 'unexpected-response', listener: (request: unknown, response: IncomingMessage) => void): this
  }
}
