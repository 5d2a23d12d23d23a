/** Errors of a dial in words for an operator. @module */

import { ReachError } from './reach-error.ts'

const TEXT_CHARACTERS_MAX = 200
const CAUSES_MAX = 8

/** Codes of Node's sockets, DNS and TLS. */
const CODES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is unknown to DNS',
  EAI_AGAIN: 'DNS does not answer',
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'there is no route to that address',
  ENETUNREACH: 'there is no route to that address',
  EADDRNOTAVAIL: 'there is no route to that address',
  EACCES: 'a firewall of this machine forbids it',
  EPERM: 'a firewall of this machine forbids it',
  ECONNRESET: 'the connection was cut during the handshake',
  EPIPE: 'the connection was cut during the handshake',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  CERT_NOT_YET_VALID: 'its TLS certificate is not valid yet: check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is self-signed: name it in network.ca to trust it',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate is of an authority unknown here: name that in network.ca to trust it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its TLS certificate comes without its chain, or is of an authority unknown here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its TLS certificate is of an authority unknown here: name that in network.ca to trust it',
  EPROTO: 'it does not speak TLS there',
}

/** Names of libp2p's errors. */
const NAMES: Readonly<Record<string, string>> = {
  TimeoutError: 'no answer in time',
  AbortError: 'no answer in time',
  UnexpectedPeerError: 'another peer id answers at that address',
  InvalidCryptoExchangeError: 'what answers there is not the expected node',
  DialDeniedError: 'this node does not admit that peer at present',
  NoValidAddressesError: 'no address is known that this node can dial',
  UnsupportedProtocolError: 'it speaks none of our protocols',
  ConnectionClosedError: 'it closed the connection during the handshake',
  StreamClosedError: 'it closed the connection during the handshake',
  StreamResetError: 'it closed the connection during the handshake',
  UnexpectedEOFError: 'it closed the connection during the handshake',
  EncryptionFailedError: 'what answers there is no such node',
  TransferLimitError: 'the relay ended the connection',
  DurationLimitError: 'the relay ended the connection',
}

/** Statuses of a relay (circuit relay v2). */
const STATUSES: Readonly<Record<string, string>> = {
  NO_RESERVATION: 'the relay does not have that peer at present',
  PERMISSION_DENIED: 'the relay does not connect these two, or has reached its limit',
  CONNECTION_FAILED: 'the relay could not connect to that peer',
  RESOURCE_LIMIT_EXCEEDED: 'the relay has reached its limit',
  RESERVATION_REFUSED: 'the relay has no place left',
}

/** Statuses of a relay that was asked for a place. */
const PLACES: Readonly<Record<string, string>> = {
  PERMISSION_DENIED: 'as a relay it keeps no place for this node yet: it has not approved it',
  RESERVATION_REFUSED: 'as a relay it has no place left',
  RESOURCE_LIMIT_EXCEEDED: 'as a relay it has reached its limit',
}

/**
 * What went wrong with a dial: words without address and without credentials, and nothing that the other side sent.
 * Of several errors the first that is known.
 */
export function dialErrorText(error: unknown): string {
  const errors = unfolded(error)
  for (const one of errors) {
    const text = known(one)
    if (text !== undefined) return text
  }
  const [first] = errors
  const line = (first instanceof Error ? first.message : typeof first === 'string' ? first : '').split(
    '\n',
  )[0] as string
  const words = line.replace(/\/\/[^/@\s]*@/g, '//').replace(/[^\x20-\x7e]/g, '?')
  return words === '' ? 'the dial failed' : words.slice(0, TEXT_CHARACTERS_MAX)
}

/** The error, those that it joins, and their causes, outermost first. */
function unfolded(error: unknown): unknown[] {
  const found: unknown[] = []
  const visit = (one: unknown) => {
    if (one === undefined || one === null || found.length >= CAUSES_MAX || found.includes(one)) return
    found.push(one)
    if (one instanceof AggregateError) one.errors.forEach(visit)
    if (one instanceof Error) visit(one.cause)
  }
  visit(error)
  return found
}

function known(error: unknown): string | undefined {
  if (error instanceof ReachError) return error.message
  const { name = '', message = '', code = '' } = (error ?? {}) as { name?: string; message?: string; code?: unknown }
  const byCode = typeof code === 'string' ? CODES[code] : undefined
  if (byCode !== undefined) return byCode
  if (typeof code === 'string' && code.startsWith('ERR_SSL')) return 'it does not speak TLS there'
  const kept = /reservation failed with status ([A-Z_]+)/.exec(message)?.[1]
  if (kept !== undefined) return PLACES[kept] ?? 'as a relay it keeps no place for this node'
  const status = /via relay with status ([A-Z_]+)/.exec(message)?.[1]
  if (status !== undefined) return STATUSES[status] ?? 'the relay refused'
  return /does not match|unexpected peer/i.test(message) ? NAMES.UnexpectedPeerError : NAMES[name]
}
