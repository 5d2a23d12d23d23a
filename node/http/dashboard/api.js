// @ts-check
/** Asks the node, and tells it what to do. @module */

/** What the node says is wrong (RFC 9457), or that it says nothing. */
export class NodeRefusal extends Error {
  /** @param {{ detail: string, code: string, hint: string | null }} what */
  constructor({ detail, code, hint }) {
    super(detail)
    this.code = code
    this.hint = hint
  }
}

const SILENT = {
  detail: 'The node does not answer.',
  code: 'no-answer',
  hint: 'See whether it runs: "confrere status". The page goes on by itself when it does.',
}
const ANSWER_MS_MAX = 60_000

/** Whether an error means that the node is gone, and not that it refuses. @param {unknown} error */
export function isSilence(error) {
  return error instanceof NodeRefusal && error.code === SILENT.code
}

/**
 * @param {string} path
 * @param {{ method?: 'GET' | 'POST' | 'DELETE', body?: object }} [request]
 * @returns {Promise<any>}
 * @throws {NodeRefusal}
 */
export async function requestOf(path, { method = 'GET', body } = {}) {
  /** @type {Record<string, string>} */
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  }).catch(() => {
    throw new NodeRefusal(SILENT)
  })
  if (!answer.ok) throw await problemOf(answer)
  return answer.json().catch(() => {
    throw new NodeRefusal(SILENT)
  })
}

/** @param {Response} answer @returns {Promise<NodeRefusal>} */
export async function problemOf(answer) {
  const told = await answer.json().catch(() => ({}))
  const { detail = `The node answered with status ${answer.status}.`, code = 'unknown', hint = null } = told
  return new NodeRefusal({ detail: String(detail), code: String(code), hint: hint === null ? null : String(hint) })
}
