/** A certificate authority of one run, and a certificate of it, made by openssl. @module */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** @param folder that it may write to. @returns undefined where there is no openssl */
export function makeCertificate(folder: string, names: string): Certificate | undefined {
  const file = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const key = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    file(name),
  ]
  try {
    openssl('version')
  } catch {
    return undefined
  }
  const ends = ['-days', '2', '-out']
  openssl('req', '-x509', ...key('ca.key'), '-subj', '/CN=test authority', ...ends, file('ca.pem'))
  openssl('req', '-new', ...key('server.key'), '-subj', '/CN=test', '-out', file('server.csr'))
  writeFileSync(file('names'), `subjectAltName=${names}\n`)
  const signed = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('names')]
  openssl('x509', '-req', '-in', file('server.csr'), ...signed, ...ends, file('server.pem'))
  const read = (name: string) => readFileSync(file(name), 'utf8')
  return {
    ...{ ca: read('ca.pem'), cert: read('server.pem'), key: read('server.key') },
    ...{ caFile: file('ca.pem'), certFile: file('server.pem'), keyFile: file('server.key') },
  }
}
