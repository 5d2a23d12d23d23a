/** A PACS of a few lines, for answers that no real one gives. @module */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { ExecutionContext } from 'ava'
import { instanceKey } from '../../../../node/datasets/dicomweb/instance-key.ts'
import type { PullOptions } from '../../../../node/datasets/dicomweb/pull.ts'
import { imageContract, keyed } from '../../../helpers/readings.ts'
import { dicom, SECRETS } from '../dicom/files.ts'
import { partsOf } from './parts.ts'

const PIXELS = Uint8Array.of(0, 50, 100, 150, 200, 255)
export const DCM = dicom({ rows: 2, columns: 3, bitsAllocated: 8 }, PIXELS)
export const VALUES = Array.from(PIXELS, value => Math.fround(value / 255))
/** Begins every UID of the fake PACS; no error or finding may hold it. */
export const ROOT = '1.2.826.0.1'
/** How a request of each kind looks. */
export const STUDIES = /^\/dicom-web\/studies\?/
export const INSTANCE = /\/instances\/[0-9.]+$/

type Reply = (response: ServerResponse, request: IncomingMessage) => void

/** A result as servers give it: with a name, though it was not asked for. */
export const result = (tag: string, uid: unknown, more: object = {}) => ({
  '00100010': { vr: 'PN', Value: [{ Alphabetic: SECRETS.name }] },
  '00100020': { vr: 'LO', Value: [SECRETS.patient] },
  [tag]: { vr: 'UI', Value: [uid] },
  ...more,
})

export function json(results: unknown, headers: Record<string, string> = {}): Reply {
  return response => {
    response.writeHead(200, { 'content-type': 'application/dicom+json', ...headers })
    response.end(JSON.stringify(results))
  }
}

export function instance(file: Uint8Array = DCM, boundary = 'b', headers: Record<string, string> = {}): Reply {
  return response => {
    const type = `multipart/related; type="application/dicom"; boundary=${boundary}`
    response.writeHead(200, { 'content-type': type, ...headers })
    response.end(partsOf([file], 'b'))
  }
}

export const status =
  (code: number): Reply =>
  response => {
    response.writeHead(code)
    response.end(`${SECRETS.name}`)
  }

export interface FakePacs {
  readonly url: string
  /** method, path and query of each request */
  readonly asked: string[]
  readonly headers: IncomingMessage['headers'][]
  /** Replies to what fits in this way from now on; null: as a good PACS. */
  readonly reply: (fits: RegExp, reply: Reply | null) => void
}

/** A good PACS with so many studies of one instance each, until told otherwise. */
export async function fakePacs(t: ExecutionContext, studies = 3): Promise<FakePacs> {
  const replies = new Map<string, [RegExp, Reply]>()
  const asked: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const url = await serve(t, (request, response) => {
    const path = request.url!
    asked.push(path)
    headers.push(request.headers)
    const [, reply] = [...replies.values()].find(([fits]) => fits.test(path)) ?? []
    ;(reply ?? goodReply(path, studies))(response, request)
  })
  const reply = (fits: RegExp, own: Reply | null) => {
    if (own === null) replies.delete(String(fits))
    else replies.set(String(fits), [fits, own])
  }
  return { url: `${url}/dicom-web`, asked, headers, reply }
}

function goodReply(path: string, studies: number): Reply {
  const { pathname, searchParams } = new URL(path, 'http://x')
  const [, , , study, , series, , one] = pathname.split('/')
  const [offset, limit] = ['offset', 'limit'].map(name => Number(searchParams.get(name)))
  if (one !== undefined) return instance()
  if (series !== undefined) return json(offset === 0 ? [result('00080018', `${series}.1`)] : [])
  if (study !== undefined) return json(offset === 0 ? [result('0020000E', `${study}.1`)] : [])
  const count = Math.max(0, Math.min(limit!, studies - offset!))
  return json(Array.from({ length: count }, (_, at) => result('0020000D', `${ROOT}.${offset! + at}`)))
}

/** Serves on loopback until the test ends; returns the address. */
export async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  // a machine that is busy with other tests would let idle connections end, and a pull would try again
  server.keepAliveTimeout = 0
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

export const READING = {
  contract: imageContract([2, 3, 1], { resize: 'none' }),
  keyed,
  facts: () => ({ label: 'a', patient: null, split: null }),
}

/** Pauses of no length are noted in `pauses`; a request takes too long when `late` says so. */
export function pullOf(url: string, more: Partial<PullOptions> = {}, late: AbortSignal[] = []) {
  const pauses: number[] = []
  const clock = {
    timeout: () => late.shift() ?? new AbortController().signal,
    pause: async (ms: number) => pauses.push(ms),
  }
  const key = Buffer.from('the key of a hospital, 32 bytes.')
  const options: PullOptions = {
    pacs: { url, clock },
    query: {},
    instanceKeyed: uid => instanceKey(key, uid),
    ...more,
  }
  return { options, pauses }
}
